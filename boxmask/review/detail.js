'use strict';
// The chosen sequence: a large picture with a scrubber, the plot, the figures of the frame, and the contact sheet.

const LARGE_PLOT = {width: 600, height: 90};
const DETAILS_KEPT = 20;

class Detail {
  constructor(app) {
    this.app = app;
    this.place = document.getElementById('detail');
    this.loaded = new Map();
    this.position = 0;
    // The file of a sequence calls this: pages from files may load scripts, and nothing else.
    window.boxmaskReview = (details) => this.take(details);
  }

  load(sequence) {
    if (!sequence || !sequence.has_pictures || this.loaded.has(sequence.file)) return;
    this.loaded.set(sequence.file, null);
    const script = make('script', {src: `pictures/${sequence.file}.js`});
    script.onerror = () => {
      this.loaded.delete(sequence.file);
      if (sequence === this.app.chosen) this.fail(`${sequence.file}.js`);
    };
    script.onload = () => script.remove();
    document.head.append(script);
  }

  take(details) {
    this.loaded.set(details.file, details);
    for (const file of this.loaded.keys()) {
      if (this.loaded.size <= DETAILS_KEPT) break;
      if (this.loaded.get(file) && file !== this.app.chosen?.file) this.loaded.delete(file);
    }
    if (this.app.chosen?.file === details.file) this.render();
  }

  // Says, once, that a file of the chosen sequence cannot be loaded.
  fail(file) {
    if (this.place.querySelector('[role=alert]')) return;
    this.place.querySelector('.loading')?.remove();
    this.place.querySelector('.head').after(make('p', {class: 'note', role: 'alert'},
      `pictures/${file} is not beside this page; move the whole folder, or run boxmask review again.`));
  }

  // Shows the chosen sequence, and has the next one ready.
  open() {
    this.load(this.app.chosen);
    this.render();
    this.load(this.app.neighbour(1));
  }

  get details() {
    return this.app.chosen ? this.loaded.get(this.app.chosen.file) : null;
  }

  render() {
    this.holdFocus();
    const sequence = this.app.chosen;
    if (!sequence) {
      this.place.replaceChildren();
      return;
    }
    const head = this.head(sequence);
    const details = this.details;
    if (!details) {
      this.place.replaceChildren(head, sequence.has_pictures ? make('p', {class: 'loading'}, 'Loading') :
        make('p', {class: 'note'}, sequence.note));
      this.giveFocus();
      return;
    }
    this.view = make('div', {class: 'large'});
    this.says = make('p', {class: 'says', id: 'says'});
    this.signs = make('table', {class: 'signs'});
    this.range = make('input', {type: 'range', min: 0, max: details.frames.length - 1, step: 1, 'aria-label':
      'Picture', oninput: () => this.go(Number(this.range.value))});
    this.place.replaceChildren(head, ...(sequence.note ? [make('p', {class: 'note'}, sequence.note)] : []), this.view,
      this.says, this.graph(sequence, details), this.range, this.signs,
      make('h3', {}, details.frames.length < sequence.frames ?
        `${details.frames.length} of ${sequence.frames} frames` : `All ${sequence.frames} frames`),
      this.sheet(details));
    this.place.scrollTop = 0;
    this.go(details.worst);
    this.giveFocus();
  }

  // What of this section has the focus, to give it back when the same is there for another sequence.
  holdFocus() {
    const active = document.activeElement;
    if (this.place.contains(active) && active !== this.place) {
      this.held = active.type === 'range' ? 'input[type=range]' : active.closest('.head') &&
        `.head button:nth-child(${Array.from(active.parentElement.children).indexOf(active) + 1})`;
    }
  }

  giveFocus() {
    const element = this.held && this.place.querySelector(this.held);
    if (!element) return;
    element.focus({preventScroll: true});
    this.held = null;
  }

  head(sequence) {
    const mark = this.app.marks.of(sequence.name);
    const button = (value, text, key) => make('button', {type: 'button', class: `choice ${value}`, 'data-mark': value,
      'aria-pressed': String(mark === value), 'aria-keyshortcuts': key,
      onkeydown: (event) => { if (event.repeat && event.key === 'Enter') event.preventDefault(); },
      onclick: () => this.app.mark(mark === value ? '' : value)}, text);
    return make('div', {class: 'head'},
      make('h2', {}, sequence.name),
      make('p', {class: 'buttons'},
        button('accepted', 'Accept', 'A'), button('rejected', 'Reject', 'R'),
        make('button', {type: 'button', 'aria-keyshortcuts': 'K', onclick: () => this.app.move(-1)}, 'Previous'),
        make('button', {type: 'button', 'aria-keyshortcuts': 'J', onclick: () => this.app.move(1)}, 'Next')));
  }

  refreshHead() {
    if (!this.app.chosen) return;
    this.holdFocus();
    this.place.querySelector('.head').replaceWith(this.head(this.app.chosen));
    this.giveFocus();
  }

  graph(sequence, details) {
    const svg = plot(sequence, this.app.page.levels, LARGE_PLOT,
      `quality of every frame, mean ${figure(sequence.score)}, lowest ${figure(sequence.worst)}`);
    this.marker = makeSvg('line', {y1: 0, y2: LARGE_PLOT.height, class: 'marker'});
    svg.append(this.marker);
    svg.addEventListener('click', (event) => {
      const box = svg.getBoundingClientRect();
      const frame = Math.floor(((event.clientX - box.left) / box.width) * sequence.frames);
      const far = (position) => Math.abs(details.frames[position].index - frame);
      this.go(details.frames.reduce((best, _, position) => (far(position) < far(best) ? position : best), 0));
    });
    return make('div', {class: 'graph'}, make('span', {class: 'one', 'aria-hidden': 'true'}, '1'),
      make('span', {class: 'zero', 'aria-hidden': 'true'}, '0'), svg);
  }

  sheet(details) {
    this.cells = details.frames.map((frame, position) => make('button', {type: 'button', class: 'cell',
        'aria-label': `${frame.name}, ${frameText(frame)}`, onclick: () => this.go(position)},
      this.picture(details, position, ''),
      make('span', {class: 'label'}, frame.name), make('span', {class: 'label'}, shortText(frame))));
    return make('div', {class: 'cells'}, ...this.cells);
  }

  // One picture out of its sheet, as wide as there is room.
  picture(details, position, alt) {
    const sheet = Math.floor(position / details.per_sheet);
    const cell = position % details.per_sheet;
    const file = details.files[sheet + 1];
    const image = make('img', {src: `pictures/${file}`, loading: 'lazy', alt,
      onerror: () => this.place.contains(image) && this.fail(file)});
    image.style.width = `${100 * details.columns}%`;
    image.style.left = `${-100 * (cell % details.columns)}%`;
    image.style.top = `${-100 * Math.floor(cell / details.columns)}%`;
    const frame = make('span', {class: 'window'}, image);
    frame.style.aspectRatio = `${details.width} / ${details.height}`;
    return frame;
  }

  step(by) {
    if (this.details) this.go(Math.min(Math.max(this.position + by, 0), this.details.frames.length - 1));
  }

  go(position) {
    const details = this.details;
    const sequence = this.app.chosen;
    const frame = details.frames[position];
    for (const cell of this.cells) cell.removeAttribute('aria-current');
    this.cells[position].setAttribute('aria-current', 'true');
    this.position = position;
    const large = this.picture(details, position, `frame ${frame.name} of ${sequence.name} with mask and box`);
    large.style.maxWidth = `calc(46vh * ${details.width} / ${details.height})`;
    this.view.replaceChildren(large);
    const place = `frame ${frame.index + 1} of ${sequence.frames}`;
    this.says.replaceChildren(make('strong', {}, frame.name), ` ${place}, ${frameText(frame)}`);
    this.range.value = position;
    this.range.setAttribute('aria-valuetext', `${frame.name}, ${place}, ${frameText(frame)}`);
    const x = plotX(frame.index, sequence.frames, LARGE_PLOT.width);
    this.marker.setAttribute('x1', x);
    this.marker.setAttribute('x2', x);
    this.figures(details, frame);
  }

  figures(details, frame) {
    const shown = SIGNS.filter(([sign]) => details.signs.includes(sign));
    const head = make('tr', {}, make('th', {scope: 'col'}, 'object'),
      ...shown.map(([, text, title]) => make('th', {scope: 'col', title}, text)));
    const rows = frame.objects.map(([id, ...values]) => make('tr', {}, make('th', {scope: 'row'}, String(id)),
      ...shown.map(([sign]) => make('td', {class: 'number'},
        figure(values[details.signs.indexOf(sign)], sign === 'fragments' ? 0 : 3)))));
    this.signs.replaceChildren(make('thead', {}, head), make('tbody', {}, ...rows));
  }
}

function frameText(frame) {
  return [frame.outcome.replace('_', ' '), frame.poor && 'poor', frame.objects.length && `score ${shortText(frame)}`,
    frame.reason, frame.problem].filter((text) => text).join(', ');
}

// The lowest score in a frame, or why it has none.
function shortText(frame) {
  return frame.objects.length ? figure(Math.min(...frame.objects.map(([, score]) => score)), 2) :
    frame.outcome.replace('_', ' ');
}
