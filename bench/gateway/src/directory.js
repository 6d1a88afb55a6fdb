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
    const before = this.#conversations.get(conversationId) ?? new Set();
    const after = new Set(memberIds);
    const joined = [...after].filter((id) => !before.has(id));
    const left = [...before].filter((id) => !after.has(id));
    this.#conversations.set(conversationId, after);
    for (const id of joined) this.provision(id).conversations.add(conversationId);
    for (const id of left) this.user(id)?.conversations.delete(conversationId);
    return { joined, left };
  }

  /** Everybody who shares a conversation with this user, each once. */
  contacts(user) {
    const contacts = new Set();
    for (const conversationId of user.conversations) {
      for (const id of this.#conversations.get(conversationId)) contacts.add(id);
    }
    contacts.delete(user.id);
    return contacts;
  }

  /** Whether the first may see the second. */
  shareConversation(user, otherId) {
    if (user.id === otherId) return true;
    for (const conversationId of user.conversations) {
      if (this.#conversations.get(conversationId).has(otherId)) return true;
    }
    return false;
  }
}
