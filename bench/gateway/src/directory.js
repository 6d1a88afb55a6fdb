/** A larger conversation makes nobody contacts, as in Vigie. */
const AUDIENCE_LIMIT = 1_000;

/**
 * Who exists and who shares a conversation: what a gateway keeps in its database and caches in memory.
 *
 * Everything lives in Maps; nothing here waits.
 */
export class Directory {
  #users = new Map();
  #conversations = new Map();

  user(id) {
    return this.#users.get(id);
  }

  /** The user, made on first sight. */
  provision(id, name = id) {
    let user = this.#users.get(id);
    if (user === undefined) {
      user = {
        id,
        username: name,
        isOnline: false,
        lastActiveAt: null,
        lastSeenAt: null,
        // The latest request, or the latest word of an operator that the user is online.
        provedAt: null,
        version: 0,
        sockets: 0,
        conversations: new Set(),
      };
      this.#users.set(id, user);
    }
    return user;
  }

  users() {
    return this.#users.values();
  }

  get size() {
    return this.#users.size;
  }

  /** Replaces the members of a conversation; returns those who came and those who went. */
  setMembers(conversationId, memberIds) {
    const conversation = this.#conversations.get(conversationId) ?? emptyConversation();
    const before = conversation.members;
    const after = new Set(memberIds);
    const joined = [...after].filter((id) => !before.has(id));
    const left = [...before].filter((id) => !after.has(id));
    conversation.members = after;
    this.#conversations.set(conversationId, conversation);
    for (const id of joined) {
      const user = this.provision(id);
      user.conversations.add(conversationId);
      if (user.isOnline) conversation.present.add(id);
    }
    for (const id of left) {
      this.user(id)?.conversations.delete(conversationId);
      conversation.present.delete(id);
    }
    return { joined, left };
  }

  conversation(id) {
    return this.#conversations.get(id);
  }

  /** The user's conversations that make people contacts. */
  *audiences(user) {
    for (const id of user.conversations) {
      if (this.#conversations.get(id).members.size <= AUDIENCE_LIMIT) yield id;
    }
  }

  /** Keeps the list of who is present in each of the user's conversations. */
  notePresence(user) {
    for (const id of user.conversations) {
      const { present } = this.#conversations.get(id);
      if (user.isOnline) present.add(user.id);
      else present.delete(user.id);
    }
  }

  /** Everybody who shares a conversation with this user, each once. */
  contacts(user) {
    const contacts = new Set();
    for (const conversationId of this.audiences(user)) {
      for (const id of this.#conversations.get(conversationId).members) contacts.add(id);
    }
    contacts.delete(user.id);
    return contacts;
  }

  /** Whether the first may see the second. */
  shareConversation(user, otherId) {
    if (user.id === otherId) return true;
    for (const conversationId of user.conversations) {
      if (this.#conversations.get(conversationId).members.has(otherId)) return true;
    }
    return false;
  }
}

/** `members` and who of them is `present` are ids; `here` counts the sockets of those who have it open. */
function emptyConversation() {
  return { members: new Set(), present: new Set(), here: new Map() };
}
