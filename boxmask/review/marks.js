'use strict';
// Which sequences are accepted and which rejected, kept by the browser.
//
// A mark is of certain masks: with it goes the stamp of the sequence's manifest, and where that is another by now, the
// sequence has been made again and has no mark. Of a sequence that is not on the page, or whose masks cannot be read,
// that is not known, and what was kept is kept.

class Marks {
  constructor(store, key, sequences) {
    this.store = store;
    this.key = `boxmask-review:${key}`;
    this.stamps = new Map(sequences.map((one) => [one.name, one.stamp]));
    this.withMasks = new Set(sequences.filter((one) => !hasOutcome(one, 'failed')).map((one) => one.name));
    this.isKept = true;
    this.read();
  }

  read() {
    this.marks = new Map();
    this.others = new Map(); // of masks that the page does not have
    this.stale = 0;
    let kept = {};
    try {
      kept = JSON.parse(this.store().getItem(this.key)) || {};
    } catch (error) {
      this.isKept = false; // a browser may forbid it to pages from files
    }
    for (const [name, [mark, stamp]] of Object.entries(kept)) {
      if (this.stamps.get(name) === stamp) this.marks.set(name, mark);
      else if (!this.withMasks.has(name)) this.others.set(name, [mark, stamp]);
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

  clear() {
    this.marks.clear();
    this.others.clear();
    this.write();
  }

  get size() {
    return this.marks.size + this.others.size;
  }

  write() {
    const shown = Array.from(this.marks, ([name, mark]) => [name, [mark, this.stamps.get(name)]]);
    try {
      this.store().setItem(this.key, JSON.stringify(Object.fromEntries([...this.others, ...shown])));
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
