// A chat.v1 server in memory, as docs/PROTOCOL.md tells it, and connections to it that
// can be cut at any place: for tests of what the page makes of it. One store, rooms,
// ids that are taken once, resume, pages of history.

const clone = (value) => JSON.parse(JSON.stringify(value));

export class FakeChat {
  epoch = "e1";
  rooms = new Map();     // name -> { kind, topic, log, members: Map person -> read }
  ids = new Map();       // id -> event
  connections = new Set();
  refusing = null;       // (request) => { code, message } | null
  keeps = 50_000;        // events that can be missed and recovered

  constructor(...names) {
    for (const name of ["main", ...names]) this.rooms.set(name, { kind: "room", topic: "", log: [], members: new Map() });
  }

  // As onMessage and send of a Connection; `cut()` loses what is under way in both directions.
  connect(user, receive) {
    const connection = { user, receive, joined: new Set(), open: true, queue: [], handshake: false };
    this.connections.add(connection);
    return {
      send: (request) => {
        if (!connection.open) return false;
        connection.queue.push(clone(request));
        return true;
      },
      // What was sent arrives; what is answered does too, unless it is deaf.
      deliver: ({ deaf = false, most = Infinity } = {}) => {
        for (let count = 0; connection.open && connection.queue.length > 0 && count < most; count += 1) {
          connection.deaf = deaf;
          this.take(connection, connection.queue.shift());
          connection.deaf = false;
        }
      },
      cut: () => {
        connection.open = false;
        this.connections.delete(connection);
      },
    };
  }

  tell(connection, message) {
    if (connection.open && !connection.deaf) connection.receive(clone(message));
  }

  room(name, user) {
    const room = this.rooms.get(name);
    const read = room.members.get(user.id) ?? room.log.length;
    const isUnread = ({ type, seq }) => type === "message" && seq > read;
    const unread = room.log.filter(isUnread);
    const mentions = unread.filter((event) => (event.mentions ?? []).some(({ id }) => id === user.id || id === "*"));
    return {
      room: name, kind: room.kind, topic: room.topic, seq: room.log.length,
      member: name === "main" || room.members.has(user.id), read, unread: unread.length, mentions: mentions.length,
    };
  }

  // Puts an event into the log and tells everybody in the room.
  store(name, fields, user) {
    const room = this.rooms.get(name);
    const event = { seq: room.log.length + 1, room: name, time: new Date(1_790_000_000_000 + this.ids.size * 1000).toISOString(), user, ...fields };
    room.log.push(event);
    this.ids.set(event.id, event);
    if (event.type === "message") room.members.set(user.id, event.seq);
    if (event.type === "topic") room.topic = event.topic;
    for (const connection of this.connections) if (connection.joined.has(name)) this.tell(connection, event);
    return event;
  }

  say(name, text, user, more = {}) {
    return this.store(name, { type: "message", id: `s-${this.ids.size}`, message: text, ...more }, user);
  }

  // Messages as they are now.
  asTheyAre(name) {
    const found = new Map();
    for (const event of this.rooms.get(name).log) {
      const target = found.get(event.target);
      if (event.type === "message") found.set(event.seq, { ...event });
      else if (!target || target.deleted) continue;
      else if (event.type === "edit") Object.assign(target, { message: event.message, edited: event.time });
      else if (event.type === "delete") Object.assign(target, { message: "", deleted: true, reactions: undefined });
      else if (event.type === "react") react(target, event);
    }
    return [...found.values()];
  }

  take(connection, request) {
    const { user } = connection;
    const refused = this.refusing?.(request);
    if (refused) return this.tell(connection, { type: "error", ...refused, id: request.id, room: request.room });
    switch (request.type) {
      case "hello":
        this.tell(connection, { type: "welcome", epoch: this.epoch, you: user, limits: { message_bytes: 65536 } });
        return this.tell(connection, { type: "rooms", rooms: [...this.rooms.keys()].map((name) => this.room(name, user)) });
      case "join": return this.join(connection, request);
      case "history": return this.history(connection, request);
      case "read": {
        this.rooms.get(request.room).members.set(user.id, request.seq);
        return this.tell(connection, { type: "read", ...this.room(request.room, user) });
      }
      case "typing": return undefined;
      default: return this.write(connection, request);
    }
  }

  write(connection, { type, id, room, ...fields }) {
    const before = this.ids.get(id);
    if (before) return this.tell(connection, before);
    if (type === "send") {
      const reply = fields.reply && { seq: fields.reply, name: "?", message: "?" };
      return this.store(room, { type: "message", id, message: fields.message, ...(reply && { reply }) }, connection.user);
    }
    return this.store(room, { type, id, ...fields }, connection.user);
  }

  join(connection, { room: name, resume, page = 50 }) {
    const { user } = connection;
    const room = this.rooms.get(name);
    if (!room) {
      this.tell(connection, { type: "error", code: "unknown_room", message: "There is no such room.", room: name });
      return;
    }
    if (!room.members.has(user.id)) room.members.set(user.id, room.log.length);
    const seq = room.log.length;
    const recovered = resume?.epoch === this.epoch && resume.seq <= seq && seq - resume.seq <= this.keeps;
    this.tell(connection, { type: "joined", ...this.room(name, user), recovered, users: [user], here: 1 });
    const events = recovered ? room.log.slice(resume.seq) : page > 0 ? this.asTheyAre(name).slice(-page) : [];
    for (const event of events) this.tell(connection, event);
    connection.joined.add(name);
    this.tell(connection, { type: "caught_up", room: name, seq });
  }

  history(connection, { id, room, before, after, around, limit = 50 }) {
    const all = this.asTheyAre(room);
    let from = 0;
    let to = all.length;
    const index = (seq) => all.findIndex((message) => message.seq >= seq) >>> 0;
    if (before !== undefined) {
      to = Math.min(index(before), all.length);
      from = Math.max(0, to - limit);
    } else if (after !== undefined) {
      from = Math.min(index(after + 1), all.length);
      to = Math.min(all.length, from + limit);
    } else {
      from = Math.max(0, Math.min(index(around), all.length) - (limit >> 1));
      to = Math.min(all.length, from + limit);
    }
    this.tell(connection, {
      type: "history", id, room, as_of: this.rooms.get(room).log.length, messages: all.slice(from, to), start: from === 0, end: to === all.length,
    });
  }
}

function react(message, { emoji, on, user: { id, name } }) {
  const reactions = message.reactions ?? [];
  const there = reactions.find((reaction) => reaction.emoji === emoji);
  const users = (there?.users ?? []).filter((user) => user.id !== id);
  if (on) users.push({ id, name });
  message.reactions = [...reactions.filter((reaction) => reaction !== there), ...(users.length ? [{ emoji, users }] : [])];
}
