// The demo: people with dots, one's own status, one conversation; what an application does with the client, without a framework.
// In: a token, in the address after `#` or typed in. Always true: the token is sent to this page's own server and nowhere else.

import { chosenOf, connect, type Client, type Conversation, type ConversationState, type Shown } from '../src/index.js';
import { drawPeople, drawPerson, find, option } from './draw.js';

/** The page is at `demo/`, the server's routes beside it. */
const server = new URL('..', location.href);

const TOKEN = 'vigie-demo-token';

function tokenGiven(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(TOKEN, given);
    // Off the address, which people copy and show around; a reload finds it in the tab.
    history.replaceState(null, '', location.pathname);
  }
  return given ?? sessionStorage.getItem(TOKEN);
}

function start(): void {
  const token = tokenGiven();
  find('sign-in').addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, find('token', HTMLInputElement).value.trim());
    location.reload();
  });
  find('app').hidden = token === null;
  if (token !== null) return run(token);
  find('link').textContent = 'not connected';
  find('sign-in').hidden = false;
}

function run(token: string): void {
  const client = connect(server.origin, {
    path: `${server.pathname}socket.io/`,
    // Asked anew at each connection, and there is no other one to be had.
    ...(token.startsWith('anon_') ? { sessionToken: token } : { token }),
  });
  showLink(client);
  showPeople(client);
  showOwnStatus(client);
  void showConversations(client, token);
}

function showLink(client: Client): void {
  const show = () => {
    const reason = client.endReason;
    find('link').textContent = reason === null ? client.state : `ended: ${reason}`;
    if (reason === null) return;
    sessionStorage.removeItem(TOKEN);
    find('sign-in').hidden = false;
  };
  client.on('state', show);
  show();
}

function showPeople(client: Client): void {
  const list = find('people');
  client.subscribeAll((people) => {
    const others = people.filter(({ userId }) => userId !== client.userId);
    drawPeople(list, others.sort(presentFirst).map((shown) => ({ shown })));
    find('nobody').hidden = client.state === 'connecting' || others.length > 0;
  });
  find('watch').addEventListener('submit', (event) => {
    event.preventDefault();
    const id = find('watch-id', HTMLInputElement);
    client.watch([id.value.trim()]);
    id.value = '';
  });
}

function presentFirst(a: Shown, b: Shown): number {
  const isAbsent = ({ dot }: Shown) => Number(dot === 'offline' || dot === 'unknown');
  return isAbsent(a) - isAbsent(b) || String(a.username).localeCompare(String(b.username));
}

function showOwnStatus(client: Client): void {
  const show = () => {
    const { status, text, until } = chosenOf(client.me);
    const shown = client.me ? `shown ${status === 'invisible' ? 'as gone' : client.me.status}` : '';
    const end = until === null ? '' : `, until ${new Date(until).toLocaleTimeString()}`;
    drawPerson(find('me'), {
      dot: status === 'invisible' ? 'unknown' : (client.me?.status ?? 'unknown'),
      fading: false,
      words: [client.me?.username ?? client.userId ?? '', `${shown}${end}`],
      text,
    });
  };
  client.onMe(show);
  client.on('state', show);
  find('status').addEventListener('submit', (event) => {
    event.preventDefault();
    void choose(client);
  });
}

async function choose(client: Client): Promise<void> {
  const minutes = Number(find('status-until', HTMLSelectElement).value);
  const text = find('status-text', HTMLInputElement).value.trim();
  const error = find('status-error');
  try {
    await client.setStatus({
      status: find('status-choice', HTMLSelectElement).value as 'auto' | 'away' | 'busy' | 'invisible',
      text: text === '' ? null : text,
      until: minutes === 0 ? null : client.now() + minutes * 60_000,
    });
    error.textContent = '';
  } catch (refusal) {
    error.textContent = (refusal as Error).message;
  }
}

async function showConversations(client: Client, token: string): Promise<void> {
  const headers: Record<string, string> = token.startsWith('anon_')
    ? { 'x-session-token': token }
    : { authorization: `Bearer ${token}` };
  const select = find('conversations', HTMLSelectElement);
  const response = await fetch(new URL('api/conversations', server), { headers });
  if (!response.ok) return;
  const { data } = (await response.json()) as { data: { id: string; title: string | null }[] };
  select.replaceChildren(...data.map(({ id, title }) => option(id, title ?? id)));
  let open: Conversation | null = null;
  const openChosen = () => {
    open?.close();
    open = select.value === '' ? null : client.conversation(select.value);
    open?.subscribe((state) => showConversation(client, state));
  };
  select.addEventListener('change', openChosen);
  openChosen();
  const message = find('message', HTMLInputElement);
  message.addEventListener('input', () => (message.value === '' ? open?.stopTyping() : open?.startTyping()));
  message.addEventListener('change', () => {
    message.value = '';
    open?.stopTyping();
  });
}

function showConversation(client: Client, state: ConversationState): void {
  const { counts, members, typing, error } = state;
  const numbers = counts ? `${counts.here} here, ${counts.online} online, ${counts.members} members` : '';
  find('counts').textContent = error ?? numbers;
  drawPeople(
    find('members'),
    members.map(({ userId, username, status, here }) => ({
      shown: { ...client.shown(userId), username, dot: status, fading: false, seen: null },
      isHere: here,
    })),
  );
  const names = typing.map(({ username }) => username).join(', ');
  find('typing').textContent = names === '' ? '' : `${names} ${typing.length === 1 ? 'types' : 'type'} …`;
}

start();
