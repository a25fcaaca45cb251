/** The part of dns-packet that is used; the package has no types of its own. */
declare module 'dns-packet' {
  /** A resource record; `type` is the mnemonic, or `UNKNOWN_` and the number. */
  export interface Record {
    type: string;
    name: string;
    class?: string;
    ttl?: number;
    data?: unknown;
    udpPayloadSize?: number;
    extendedRcode?: number;
    options?: { code: number; data: Buffer }[];
  }
  export interface Message {
    id: number;
    type: 'query' | 'response';
    flags?: number;
    rcode: string;
    flag_tc: boolean;
    flag_aa: boolean;
    flag_ra: boolean;
    questions: { name: string; type: string; class: string }[];
    answers: Record[];
    authorities: Record[];
    additionals: Record[];
  }
  const packet: {
    RECURSION_DESIRED: number;
    /** Throws on a record it cannot write. */
    answer: { encode(record: Record): Buffer };
    encode(
      message: Partial<Omit<Message, 'questions'>> & { questions?: { name: string; type: string }[] },
    ): Buffer;
    decode(bytes: Buffer): Message;
  };
  export default packet;
}
