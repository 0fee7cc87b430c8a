'use strict';
// Which sequences are accepted and which rejected, kept by the browser.
//
// A mark is of certain masks: with it goes the stamp of the sequence's manifest, and where that is another by now, the
// sequence has been made again and has no mark.

class Marks {
  constructor(store, key, sequences) {
    this.store = store;
    this.key = `boxmask-review:${key}`;
    this.stamps = new Map(sequences.map((one) => [one.name, one.stamp]));
    this.isKept = true;
    this.read();
  }

  read() {
    this.marks = new Map();
    this.stale = 0;
    let kept = {};
    try {
      kept = JSON.parse(this.store().getItem(this.key)) || {};
    } catch (error) {
      this.isKept = false; // a browser may forbid it to pages from files
    }
    for (const [name, [mark, stamp]] of Object.entries(kept)) {
      if (this.stamps.get(name) === stamp) this.marks.set(name, mark);
      else this.stale++;
    }
  }

  of(name) {
    return this.marks.get(name) || '';
  }

  // mark: 'accepted', 'rejected', or '' to take it away.
  set(names, mark) {
    for (const name of names) {
      if (mark) this.marks.set(name, mark);
      else this.marks.delete(name);
    }
    this.write();
  }

  write() {
    const kept = Object.fromEntries(Array.from(this.marks, ([name, mark]) => [name, [mark, this.stamps.get(name)]]));
    try {
      this.store().setItem(this.key, JSON.stringify(kept));
      this.isKept = true;
    } catch (error) {
      this.isKept = false;
    }
  }

  names(mark) {
    return Array.from(this.marks).filter(([, each]) => each === mark).map(([name]) => name).sort(byName.compare);
  }

  // The text of a list: a name a line.
  list(mark) {
    return this.names(mark).map((name) => `${name}\n`).join('');
  }

  // Marks the sequences of such a text; gives how many there are, and how many names are of none.
  add(text, mark) {
    const names = text.replace(/^\ufeff/, '').split(/\r?\n/).map((line) => line.trim()).filter((line) => line);
    const known = names.filter((name) => this.stamps.has(name));
    this.set(known, mark);
    return {known: known.length, unknown: names.length - known.length};
  }
}
