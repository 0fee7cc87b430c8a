'use strict';
// The page as a whole: what is chosen, filters, marks and keys.

// Keys that mark do so once, however long they are held: what they go on to has not been seen.
const MARKING = ['a', 'r', 'u'];

class App {
  constructor() {
    this.page = JSON.parse(document.getElementById('page-data').textContent);
    this.sequences = readSequences(this.page);
    this.marks = new Marks(() => window.localStorage, this.page.id, this.sequences);
    this.filter = {text: '', outcome: '', mark: ''};
    this.rows = new Map();
    this.shown = [];
    this.chosen = null;
    this.table = new Table(this);
    this.detail = new Detail(this);
    this.fillHead();
    this.listen();
    this.refresh();
    this.sayMarks();
    this.say(this.otherMarks());
  }

  fillHead() {
    const {page, sequences} = this;
    const total = {};
    for (const one of sequences) {
      for (const [outcome, count] of Object.entries(one.outcomes)) total[outcome] = (total[outcome] || 0) + count;
    }
    document.getElementById('heading').textContent = `${page.dataset}: ${page.title}`;
    const failed = sequences.filter((one) => hasOutcome(one, 'failed')).length;
    const frames = outcomeText(total);
    const facts = [page.method, `${count(sequences.length, 'sequence')}${failed ? `, ${failed} failed` : ''}`,
      frames && `frames: ${frames}`, page.open && `${count(page.open, 'sequence')} not made yet`];
    document.getElementById('summary').textContent = facts.filter((text) => text).join(' \u00b7 ');
    const kinds = outcomeKinds(sequences).filter(({kind, number}) => kind === '' || number);
    document.getElementById('outcome').replaceChildren(...kinds.map(({kind, text, number}) =>
      make('option', {value: kind}, `${text} (${number})`)));
  }

  listen() {
    const at = (id, event, listener) => document.getElementById(id).addEventListener(event, listener);
    const filters = {search: 'text', outcome: 'outcome', marked: 'mark'};
    for (const [id, part] of Object.entries(filters)) {
      at(id, 'input', (event) => {
        this.filter[part] = event.target.value;
        this.refresh();
        this.say(count(this.shown.length, 'sequence'));
      });
    }
    // After a search the keys are keys again. A browser may empty the field at keydown, which needs the focus.
    const leave = () => document.getElementById('search').blur();
    at('search', 'keyup', (event) => event.key === 'Escape' && leave());
    at('filters', 'submit', (event) => {
      event.preventDefault();
      leave();
    });
    for (const mark of ['accepted', 'rejected']) {
      at(`save-${mark}`, 'click', () => this.save(mark));
      at(`load-${mark}`, 'change', (event) => this.addList(event.target, mark));
    }
    at('clear-marks', 'click', () => this.clearMarks());
    document.addEventListener('keydown', (event) => this.key(event));
    document.addEventListener('click', closeMenus);
    window.addEventListener('storage', () => { // another tab
      this.marks.read();
      this.showMarks();
    });
  }

  // Finds again what is shown; the chosen sequence stays if it is among it.
  refresh() {
    const markOf = (name) => this.marks.of(name);
    const chosen = choose(this.sequences, this.filter, markOf);
    this.shown = inOrder(chosen, this.table.column, this.table.isDescending, markOf);
    this.rows.clear();
    if (this.shown.includes(this.chosen)) {
      this.table.show();
    } else {
      this.chosen = this.shown[0] || null;
      this.table.show();
      this.detail.open();
    }
  }

  open(sequence) {
    if (sequence === this.chosen) return;
    const before = this.chosen;
    this.chosen = sequence;
    const index = this.shown.indexOf(sequence);
    if (Math.floor(index / PER_PAGE) !== this.table.page) this.table.show();
    this.table.change(before);
    this.table.change(sequence);
    this.detail.open();
  }

  // The sequence `by` places further down the list, null at its ends.
  neighbour(by) {
    return this.shown[this.shown.indexOf(this.chosen) + by] || null;
  }

  move(by) {
    const next = this.neighbour(by);
    if (next) this.open(next);
    else this.say(by > 0 ? 'This is the last sequence of the list.' : 'This is the first sequence of the list.');
  }

  // Marks the chosen sequence; after a mark, not after taking one away, the next one is chosen.
  mark(mark) {
    const sequence = this.chosen;
    if (!sequence) return;
    this.marks.set([sequence.name], mark);
    this.sayMarks();
    const next = mark ? this.neighbour(1) : null;
    if (next) this.open(next);
    else {
      this.table.change(sequence);
      this.detail.refreshHead();
    }
    this.say(`${sequence.name}: ${mark || 'no mark'}${this.marks.isKept ? '' : '; this browser does not keep marks, ' +
      'so download the lists before you close the page'}`);
  }

  clearMarks() {
    const {size} = this.marks;
    if (!size || !window.confirm(`Take away ${count(size, 'mark')}?`)) return;
    this.marks.clear();
    this.showMarks();
  }

  addList(input, mark) {
    const file = input.files[0];
    if (!file) return;
    file.text().then((text) => {
      const {known, unknown} = this.marks.add(text, mark);
      this.showMarks();
      this.say(`${count(known, 'sequence')} ${mark}` +
        (unknown ? `; of no sequence here: ${count(unknown, 'name')} in the list` : ''));
      input.value = '';
    });
  }

  save(mark) {
    const link = make('a', {download: `${mark}.txt`,
      href: URL.createObjectURL(new Blob([this.marks.list(mark)], {type: 'text/plain'}))});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  showMarks() {
    this.sayMarks();
    this.refresh();
    this.detail.refreshHead();
  }

  sayMarks() {
    const marks = ['accepted', 'rejected'];
    const texts = marks.map((mark) => `${this.marks.names(mark).length} ${mark}`);
    marks.forEach((mark, index) => {
      document.getElementById(`count-${mark}`).textContent = texts[index];
      document.getElementById(`save-${mark}`).disabled = !this.marks.names(mark).length;
    });
    document.getElementById('mark-counts').textContent = texts.join(', ');
  }

  // What became of marks that are of no masks on the page.
  otherMarks() {
    const {stale, others} = this.marks;
    return [stale && `Gone with masks that were made again: ${count(stale, 'mark')}.`,
      others.size && `Kept for sequences without masks on this page: ${count(others.size, 'mark')}.`]
      .filter((text) => text).join(' ');
  }

  say(text) {
    document.getElementById('status').textContent = text;
  }

  key(event) {
    if (event.key === 'Escape') closeMenus({target: document.body});
    if (event.ctrlKey || event.metaKey || event.altKey || !document.getElementById('keys-on').checked) return;
    const inField = event.target.closest('input:not([type=range]):not([type=checkbox]), select, textarea');
    if (inField) return;
    const actions = {
      j: () => this.move(1), k: () => this.move(-1),
      ArrowLeft: () => this.detail.step(-1), ArrowRight: () => this.detail.step(1),
      w: () => this.detail.details && this.detail.go(this.detail.details.worst),
      a: () => this.mark('accepted'), r: () => this.mark('rejected'), u: () => this.mark(''),
      '/': () => document.getElementById('search').focus(),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!actions[key] || (event.repeat && MARKING.includes(key))) return;
    event.preventDefault();
    actions[key]();
  }
}

// Closes the menus that a click, or the Escape key, was not in.
function closeMenus(event) {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

window.app = new App();
