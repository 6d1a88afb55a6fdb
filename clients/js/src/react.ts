// Hooks for React: a component is drawn again when what it shows is drawn differently, and at no other time.
// In: a client, by the provider. Out: people, conversations and one's own status, as they are now.

import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from 'react';

import type { Client } from './client.js';
import type { LinkState } from './link.js';
import { chosenOf, type StatusChoice } from './own-status.js';
import { closedState, type ConversationState } from './room.js';
import type { Conversation, ConversationOptions } from './rooms.js';
import type { Shown } from './shown.js';
import type { Chosen, Metadata, OwnStatus } from './wire.js';

const Context = createContext<Client | null>(null);

/** Gives a client to the components below; who made the client closes it. */
export function VigieProvider(props: { readonly client: Client; readonly children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: props.client }, props.children);
}

export function useVigie(): Client {
  const client = useContext(Context);
  if (!client) throw new Error('put a <VigieProvider client={connect(…)}> around what uses presence');
  return client;
}

/** What somebody looks like; watches the person while it is used, or with `watch: false` shows only what is told anyway. */
export function usePresence(userId: string, { watch = true }: { readonly watch?: boolean } = {}): Shown {
  const client = useVigie();
  const subscribe = useCallback(
    (changed: () => void) => {
      const off = client.onShown(userId, changed);
      if (watch) client.watch([userId]);
      return () => {
        off();
        if (watch) client.unwatch([userId]);
      };
    },
    [client, userId, watch],
  );
  const look = () => client.shown(userId);
  return useSyncExternalStore(subscribe, look, look);
}

export interface UsedConversation extends ConversationState {
  startTyping(): void;
  stopTyping(): void;
  window(ids: readonly string[]): void;
  setMetadata(metadata: Metadata): void;
}

/** A conversation, open while it is used. The options are those of the first drawing. */
export function useConversation(id: string, options?: ConversationOptions): UsedConversation {
  const client = useVigie();
  const first = useRef(options);
  const handle = useRef<Conversation | null>(null);
  const closed = useMemo(() => closedState(id), [id]);
  const subscribe = useCallback(
    (changed: () => void) => {
      const opened = client.conversation(id, first.current);
      handle.current = opened;
      opened.subscribe(changed);
      return () => {
        if (handle.current === opened) handle.current = null;
        opened.close();
      };
    },
    [client, id],
  );
  const look = () => client.conversationState(id) ?? closed;
  const state = useSyncExternalStore(subscribe, look, look);
  return useMemo(
    () => ({
      ...state,
      startTyping: () => handle.current?.startTyping(),
      stopTyping: () => handle.current?.stopTyping(),
      window: (ids: readonly string[]) => handle.current?.window(ids),
      setMetadata: (metadata: Metadata) => handle.current?.setMetadata(metadata),
    }),
    [state],
  );
}

export interface UsedStatus {
  /** How the link stands. */
  readonly link: LinkState;
  /** One's own state; null before it is known. */
  readonly me: OwnStatus | null;
  readonly chosen: Chosen;
  setStatus(choice: StatusChoice): Promise<OwnStatus>;
}

/** One's own status, and how to choose it. */
export function useStatus(): UsedStatus {
  const client = useVigie();
  const onState = useCallback((changed: () => void) => client.on('state', changed), [client]);
  const onMe = useCallback((changed: () => void) => client.onMe(changed), [client]);
  const state = () => client.state;
  const own = () => client.me;
  const link = useSyncExternalStore(onState, state, state);
  const me = useSyncExternalStore(onMe, own, own);
  return useMemo(
    () => ({ link, me, chosen: chosenOf(me), setStatus: (choice: StatusChoice) => client.setStatus(choice) }),
    [client, link, me],
  );
}
