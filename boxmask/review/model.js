'use strict';
// What the page works with, without a document: sequences, their order, which are shown, and the shape of a plot.

const SIGNS = [
  ['score', 'score', 'quality, 0 to 1, the mean over the masks'],
  ['worst', 'worst', 'quality of the worst mask'],
  ['box_fit', 'box fit', 'IoU of the box around the mask and the given box'],
  ['area_ratio', 'area', 'pixels of the mask over the area of the box'],
  ['stage_agreement', 'stages', 'IoU of the masks of the two stages of the network'],
  ['neighbour_agreement', 'neighbours', 'IoU with the mask before or after, the better of the two'],
  ['fragments', 'parts', 'connected parts of the mask'],
];

const byName = new Intl.Collator('en', {numeric: true});

function readSequences(page) {
  return page.rows.map((values) => {
    const sequence = Object.fromEntries(page.columns.map((column, index) => [column, values[index]]));
    sequence.not_ok = sequence.frames - (sequence.outcomes.ok || 0);
    return sequence;
  });
}

// The kinds of sequences that the outcome filter knows, with how many there are of each.
function outcomeKinds(sequences) {
  const kinds = [
    ['', 'any'],
    ['ok', 'ok in all frames'],
    ['absent', 'absent in a frame'],
    ['invalid_box', 'invalid box in a frame'],
    ['bad_image', 'bad image in a frame'],
    ['failed', 'failed'],
    ['poor', 'poor in a frame'],
    ['note', 'without pictures, or with a note'],
  ];
  return kinds.map(([kind, text]) => ({kind, text, number: sequences.filter((one) => hasOutcome(one, kind)).length}));
}

function hasOutcome(sequence, kind) {
  if (kind === '') return true;
  if (kind === 'ok') return sequence.not_ok === 0 && !('failed' in sequence.outcomes);
  if (kind === 'poor') return sequence.poor > 0;
  if (kind === 'note') return sequence.note !== '';
  return kind in sequence.outcomes;
}

// filter: {text, outcome, mark}, each '' for any. markOf: a sequence's name to its mark, '' for none.
function choose(sequences, filter, markOf) {
  const plain = (text) => text.normalize().toLowerCase();
  const text = plain(filter.text.trim());
  return sequences.filter((one) => plain(one.name).includes(text) && hasOutcome(one, filter.outcome) &&
    (filter.mark === '' || (markOf(one.name) || 'unmarked') === filter.mark));
}

// By a column; what has no value comes last, whichever the direction.
function inOrder(sequences, column, isDescending, markOf) {
  const value = (one) => (column === 'mark' ? markOf(one.name) || null : one[column]);
  const compare = (first, second) => {
    const [a, b] = [value(first), value(second)];
    if ((a === null) !== (b === null)) return a === null ? 1 : -1;
    const order = a === null ? 0 : typeof a === 'string' ? byName.compare(a, b) : a - b;
    return (isDescending ? -order : order) || byName.compare(first.name, second.name);
  };
  return [...sequences].sort(compare);
}

// The qualities of a sequence's frames, null where a frame has no mask.
function readTrack(track, levels) {
  return Array.from(track, (sign) => {
    const level = levels.indexOf(sign);
    return level < 0 ? null : level / (levels.length - 1);
  });
}

// The path of a line of qualities in a box of width x height; where frames have no mask it has a gap. Of more frames
// than there is room for, the worst of those that fall together are drawn.
function plotPath(qualities, width, height) {
  const count = Math.min(qualities.length, width);
  let path = '';
  let isOpen = false;
  for (let place = 0; place < count; place++) {
    const start = Math.floor((place * qualities.length) / count);
    const end = Math.floor(((place + 1) * qualities.length) / count);
    const known = qualities.slice(start, end).filter((quality) => quality !== null);
    if (!known.length) {
      isOpen = false;
      continue;
    }
    const x = plotX(start, qualities.length, width);
    const y = (1 - Math.min(...known)) * height;
    path += isOpen ? `L${x} ${round(y)}` : `M${x} ${round(y)}h.01`;
    isOpen = true;
  }
  return path;
}

function plotX(frame, length, width) {
  return round(((frame + 0.5) / length) * width);
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function count(number, thing) {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

// A figure as text: a dash where there is none.
function figure(value, digits = 3) {
  return value === null || value === undefined ? '-' : Number.isInteger(value) && digits === 0 ? String(value) :
    value.toFixed(digits);
}
