/**
 * Node's `http` for programs that stay small. `import 'node:http'` also reads the exports that load Node's own fetch and
 * WebSocket, which costs an idle client 5 MB; asked for this way they stay unloaded.
 */
export const { createServer, IncomingMessage, request } = process.getBuiltinModule('node:http');
