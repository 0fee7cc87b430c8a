'use strict';
// The list of sequences. Text from the data only ever becomes text.

const PER_PAGE = 50;
const PLOT = {width: 160, height: 36};

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  return fill(element, properties, children);
}

function makeSvg(tag, properties = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  return fill(element, properties, children);
}

// Properties that start with "on" are listeners, null and false are left out, and all others are attributes.
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

// A plot of the quality of every frame, and under it where frames have no mask.
function plot(sequence, levels, size, label) {
  const qualities = readTrack(sequence.track, levels);
  const gaps = [];
  for (let frame = 0; frame < qualities.length; frame++) {
    if (qualities[frame] === null) gaps.push(frame);
  }
  const step = size.width / Math.max(qualities.length, 1);
  return makeSvg('svg', {viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: 'none', class: 'plot',
      role: 'img', 'aria-label': label},
    makeSvg('line', {x1: 0, x2: size.width, y1: size.height / 2, y2: size.height / 2, class: 'half'}),
    makeSvg('path', {d: gaps.map((frame) => `M${round(frame * step)} ${size.height - 1}h${round(step)}`).join(''),
      class: 'gap'}),
    makeSvg('path', {d: plotPath(qualities, size.width, size.height - 3), class: 'line',
      transform: 'translate(0 1)'}));
}

// What the columns are called, and what they say to those who can be sorted by.
const COLUMNS = [
  ['preview', 'picture', null],
  ['name', 'sequence', 'name of the sequence'],
  ['mark', 'mark', 'accepted or rejected'],
  ['plot', 'quality', null],
  ...SIGNS,
  ['frames', 'frames', 'number of frames'],
  ['not_ok', 'not ok', 'frames without a mask: absent, invalid box, bad image, failed'],
  ['poor', 'poor', 'frames with a quality below the --min-quality of the run'],
];

class Table {
  constructor(app) {
    this.app = app;
    this.body = document.getElementById('rows');
    this.page = 0;
    this.column = 'score';
    this.isDescending = false;
    document.getElementById('page-back').addEventListener('click', () => this.turn(-1));
    document.getElementById('page-on').addEventListener('click', () => this.turn(1));
    this.head();
  }

  head() {
    const cells = COLUMNS.map(([column, text, title]) => make('th', {scope: 'col', class: column,
        'aria-sort': title === null ? null : this.column !== column ? 'none' :
          this.isDescending ? 'descending' : 'ascending'},
      title === null ? text : make('button', {type: 'button', title, 'data-sort': column,
        onclick: () => this.sort(column)}, text)));
    document.getElementById('columns').replaceChildren(...cells);
  }

  sort(column) {
    this.isDescending = this.column === column && !this.isDescending;
    this.column = column;
    this.head();
    document.querySelector(`[data-sort="${column}"]`).focus();
    this.app.refresh();
  }

  // Shows the page that the chosen sequence is on, if it is on one.
  show() {
    const index = this.app.shown.indexOf(this.app.chosen);
    this.page = Math.max(0, Math.floor(index / PER_PAGE));
    this.render();
  }

  turn(step) {
    this.page += step;
    this.render();
    document.querySelector('#list .scroll').scrollTop = 0;
  }

  render() {
    const {shown} = this.app;
    const pages = Math.max(1, Math.ceil(shown.length / PER_PAGE));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const start = this.page * PER_PAGE;
    const part = shown.slice(start, start + PER_PAGE);
    this.body.replaceChildren(...part.map((one) => this.row(one)));
    document.getElementById('nothing').hidden = shown.length > 0;
    document.getElementById('page-place').textContent = shown.length ?
      `${start + 1} to ${start + part.length} of ${shown.length}` : '0 of 0';
    document.getElementById('page-back').disabled = this.page === 0;
    document.getElementById('page-on').disabled = this.page === pages - 1;
  }

  row(sequence) {
    const isChosen = sequence === this.app.chosen;
    const row = make('tr', {'aria-current': isChosen && 'true', onclick: () => this.app.open(sequence)},
      make('td', {class: 'preview'}, this.picture(sequence)),
      make('th', {scope: 'row', class: 'name'}, make('button', {type: 'button'}, sequence.name),
        sequence.note && make('span', {class: 'note'}, sequence.note)),
      make('td', {class: 'mark'}, markTag(this.app.marks.of(sequence.name))),
      make('td', {class: 'plot'}, sequence.track && plot(sequence, this.app.page.levels, PLOT,
        `quality of ${sequence.frames} frames, lowest ${figure(sequence.worst)}`)),
      ...SIGNS.map(([sign]) => make('td', {class: 'number'}, figure(sequence[sign], sign === 'fragments' ? 1 : 2))),
      make('td', {class: 'number'}, String(sequence.frames)),
      make('td', {class: 'number', title: outcomeText(sequence.outcomes)}, String(sequence.not_ok)),
      make('td', {class: 'number'}, String(sequence.poor)));
    this.app.rows.set(sequence.name, row);
    return row;
  }

  picture(sequence) {
    if (!sequence.has_pictures) return make('span', {class: 'none'}, 'none');
    return make('img', {src: `pictures/${sequence.file}.jpg`, loading: 'lazy', alt: '', width: 84});
  }

  // Brings the row of a sequence up to date.
  change(sequence) {
    const row = sequence && this.app.rows.get(sequence.name);
    if (!row) return;
    row.querySelector('td.mark').replaceChildren(markTag(this.app.marks.of(sequence.name)));
    if (sequence === this.app.chosen) {
      row.setAttribute('aria-current', 'true');
      row.scrollIntoView({block: 'nearest'});
    } else {
      row.removeAttribute('aria-current');
    }
  }
}

function markTag(mark) {
  return mark ? make('span', {class: `tag ${mark}`}, mark) : '';
}

function outcomeText(outcomes) {
  return Object.entries(outcomes).filter(([, count]) => count)
    .map(([outcome, count]) => `${count} ${outcome.replace('_', ' ')}`).join(', ');
}
