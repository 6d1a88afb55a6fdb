// What an application imports.

export { connect, Client, type ClientEventMap, type Options } from './client.js';
export { ago } from './ago.js';
export { chosenOf, VigieError, type StatusChoice } from './own-status.js';
export { FADES_AFTER, type Dot, type Shown } from './shown.js';
export type { Credential, GetToken } from './credentials.js';
export type { EndReason, LinkState } from './link.js';
export type { Listener, Off } from './listeners.js';
export type { ConversationState } from './room.js';
export type { Conversation, ConversationOptions } from './rooms.js';
export type { Timers } from './time.js';
export type { Typist } from './typists.js';
export type {
  Availability,
  Bucket,
  Chosen,
  Counts,
  Entry,
  JoinRefusal,
  Metadata,
  Mode,
  OwnStatus,
  Snapshot,
  Status,
} from './wire.js';
