// What a board asks: its variables filled in, and answers as Grafana's data frames.
import { FieldType, toDataFrame } from '@grafana/data';

const MOMENTS = 720;

// The value of each variable that a query needs, and what stands beside its name above the board.
export async function chosenValues(board, ask, wanted, window) {
  const chosen = {};
  for (const one of board.templating.list.filter((variable) => variable.type === 'query')) {
    const [, selector, label] = /^label_values\((.+), *(\w+)\)$/.exec(one.query);
    const found = await ask(`label/${label}/values`, { 'match[]': filled(selector, chosen, window, 300), ...window });
    const values = [wanted[one.name] ?? []].flat();
    const all = one.includeAll && !values.length;
    const taken = values.length ? values : found.slice(0, 1);
    chosen[one.name] = { values: all ? found : taken, matches: all ? one.allValue : taken.length > 1 ? `(${taken.map(matcher).join('|')})` : matcher(taken[0] ?? ''), shown: all ? 'All' : taken.join(' + ') };
  }
  return chosen;
}

// As Grafana escapes a value for a matcher that is in quotes.
export const matcher = (value) => value.replace(/[\\^$.|?*+()[\]{}]/g, '\\\\$&');

function filled(text, chosen, { start, end }, step) {
  const range = `${Math.round(end - start)}s`;
  const known = { __rate_interval: `${Math.max(step + 300, 1200)}s`, __interval: `${step}s`, __range: range };
  return text.replace(/\$\{([a-z_]\w*)(?::\w+)?\}|\$([a-z_]\w*)/gi, (whole, inner, plain) => {
    const name = inner ?? plain;
    return known[name] ?? chosen[name]?.matches ?? whole;
  });
}

const SECONDS = { m: 60, h: 3600, d: 86400 };

export async function answered(target, panel, ask, chosen, window) {
  const least = panel.interval ? parseInt(panel.interval) * SECONDS[panel.interval.at(-1)] : 300;
  const step = Math.max(least, Math.ceil((window.end - window.start) / Math.min(MOMENTS, panel.maxDataPoints ?? MOMENTS)));
  const query = filled(target.expr, chosen, window, step);
  if (target.instant) {
    const { result } = await ask('query', { query, time: window.end });
    return target.format === 'table' ? [asTable(result, target.refId, panel.targets.length)] : result.map((one) => asSeries(one, [one.value], target));
  }
  const [start, end] = [window.start, window.end].map((at) => Math.floor(at / step) * step);
  const { result } = await ask('query_range', { query, start, end, step });
  return result.map((one) => asSeries(one, one.values, target, step));
}

function asTable(result, refId, queries) {
  const labels = [...new Set(result.flatMap((one) => Object.keys(one.metric)))].sort();
  const text = labels.map((name) => ({ name, type: FieldType.string, values: result.map((one) => one.metric[name] ?? '') }));
  const value = { name: queries > 1 ? `Value #${refId}` : 'Value', type: FieldType.number, values: result.map((one) => +one.value[1]) };
  const time = { name: 'Time', type: FieldType.time, values: result.map((one) => one.value[0] * 1000) };
  return toDataFrame({ refId, fields: [time, ...text, value] });
}

function asSeries(one, values, { legendFormat, refId }, step) {
  const named = legendFormat && legendFormat !== '__auto';
  const name = named ? legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => one.metric[label] ?? '') : undefined;
  const value = { name: 'Value', type: FieldType.number, labels: one.metric, config: name ? { displayNameFromDS: name } : {}, values: values.map(([, number]) => +number) };
  return toDataFrame({ refId, name, fields: [{ name: 'Time', type: FieldType.time, config: step ? { interval: step * 1000 } : {}, values: values.map(([at]) => at * 1000) }, value] });
}
