/** The version of this software and of the protocol it speaks. */
export const version = '0.1.0';

/** In every prologue and subprotocol; a peer of another protocol version cannot complete a handshake. */
export const protocolVersion = 1;
