// Draws one board with Grafana's own panel components. The queries, the variables and the grid are ours.
import 'uplot/dist/uPlot.min.css';
import * as data from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { answered, chosenValues, matcher } from './queries.js';

const CELL = 38;
const GAP = 8;
const PHONE = 769;

const job = await (await fetch('/job.json')).json();
const theme = data.createTheme({ colors: { mode: job.theme } });
const range = { from: data.dateTime(job.window.start * 1000), to: data.dateTime(job.window.end * 1000) };
range.raw = { from: range.from, to: range.to };

async function ask(path, asked) {
  const url = `/prometheus/api/v1/${path}?${new URLSearchParams(asked)}`;
  const answer = await (await fetch(url)).json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data;
}

// Grafana fills these registries when it starts. Properties of a panel's own kind are any that the panel states.
const PROCESSORS = {
  unit: data.unitOverrideProcessor, min: data.numberOverrideProcessor, max: data.numberOverrideProcessor,
  decimals: data.numberOverrideProcessor, displayName: data.displayNameOverrideProcessor, noValue: data.stringOverrideProcessor,
  thresholds: data.thresholdsOverrideProcessor, mappings: data.valueMappingsOverrideProcessor,
  links: data.dataLinksOverrideProcessor, color: data.identityOverrideProcessor,
};
const property = (id, path, process, isCustom) => ({ id, path, name: id, isCustom, process, editor: () => null, override: () => null, shouldApply: () => true, settings: {} });
const standard = Object.entries(PROCESSORS).map(([id, process]) => property(id, id, process, false));
data.standardFieldConfigEditorRegistry.setInit(() => standard);
const transformers = Object.values(data.standardTransformers).filter(Boolean);
data.standardTransformersRegistry.setInit(() => [...new Map(transformers.map((one) => [one.id, { id: one.id, name: one.name, transformation: async () => one }])).values()]);

function registryOf({ defaults, overrides }) {
  const stated = overrides.flatMap((one) => one.properties.map(({ id }) => id)).filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length));
  const own = [...new Set([...Object.keys(defaults.custom ?? {}), ...stated])];
  return new data.Registry(() => [...standard, ...own.map((path) => property(`custom.${path}`, path, data.identityOverrideProcessor, true))]);
}

function configOf(panel) {
  const mode = panel.type === 'timeseries' ? 'palette-classic' : 'thresholds';
  return { overrides: [], ...panel.fieldConfig, defaults: { color: { mode }, ...panel.fieldConfig.defaults } };
}

async function framesOf(panel, chosen) {
  const answers = await Promise.all(panel.targets.map((target) => answered(target, panel, ask, chosen, job.window)));
  let frames = answers.flat().filter((frame) => frame.length);
  if (panel.transformations?.length) frames = await new Promise((done) => data.transformDataFrame(panel.transformations, frames).subscribe(done));
  const fieldConfig = configOf(panel);
  const made = data.applyFieldOverrides({ data: frames, fieldConfig, fieldConfigRegistry: registryOf(fieldConfig), replaceVariables: (text) => text, theme, timeZone: 'utc' });
  data.cacheFieldDisplayNames(made);
  return made;
}

function Viz({ panel, frames, width, height }) {
  const { options = {} } = panel;
  if (!frames.some((frame) => frame.length)) {
    const nothing = panel.fieldConfig.defaults.noValue ?? 'No data';
    return <div style={{ height, display: 'grid', placeItems: 'center', color: theme.colors.text.secondary }}>{nothing}</div>;
  }
  if (panel.type === 'timeseries') {
    return <TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc" legend={options.legend} options={options} structureRev={1} />;
  }
  if (panel.type === 'table') return <TableNG data={frames[0]} width={width} height={height} sortBy={options.sortBy} sortByBehavior="initial" timeRange={range} />;
  const values = () => data.getFieldDisplayValues({ fieldConfig: configOf(panel), reduceOptions: options.reduceOptions, replaceVariables: (text) => text, theme, data: frames, timeZone: 'utc' });
  const shared = { getValues: values, width, height, source: frames, renderCounter: 0 };
  if (panel.type === 'stat') {
    const big = ({ value, ...place }) => <BigValue {...place} value={value.display} theme={theme} colorMode={options.colorMode} graphMode="none" justifyMode={options.justifyMode} textMode={options.textMode} text={options.text} wideLayout={options.wideLayout} />;
    return <VizRepeater {...shared} autoGrid orientation={options.orientation ?? 'auto'} itemSpacing={3} renderValue={({ value, width, height, count }) => big({ value, width, height, count })} />;
  }
  const bar = ({ value, width, height, orientation }) => (
    <BarGauge value={value.display} field={value.field} width={width} height={height} orientation={orientation} theme={theme} text={options.text} displayMode={options.displayMode} itemSpacing={8} lcdCellWidth={12} showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} display={value.view?.getFieldDisplayProcessor(value.colIndex)} />
  );
  return <VizRepeater {...shared} orientation={options.orientation} itemSpacing={8} minVizHeight={options.minVizHeight ?? 16} maxVizHeight={options.maxVizHeight ?? 300} renderValue={bar} />;
}

function Panel({ panel, chosen, width, height }) {
  const [state, setState] = useState({});
  useEffect(() => {
    framesOf(panel, chosen).then((frames) => setState({ frames }), (error) => setState({ error: String(error) })).finally(() => (window.drawn += 1));
  }, []);
  return (
    <PanelChrome title={panel.title} description={panel.description} width={width} height={height} statusMessage={state.error}>
      {(w, h) => (state.error ? <div>Error: {state.error}</div> : state.frames && <Viz panel={panel} frames={state.frames} width={w} height={h} />)}
    </PanelChrome>
  );
}

// A panel that is repeated for each value of a variable, as so many panels; what is below them moves down.
function repeated(panels, chosen) {
  let moved = 0;
  return panels.flatMap((panel) => {
    const { x, y, h } = panel.gridPos;
    const values = panel.repeat ? chosen[panel.repeat].values : [undefined];
    const across = Math.min(values.length, panel.maxPerRow ?? 4);
    const w = panel.repeat ? Math.floor(24 / across) : panel.gridPos.w;
    const copies = values.map((value, number) => ({
      panel: { ...panel, title: panel.title.replace(`\${${panel.repeat}}`, value), key: `${panel.id}/${value}` },
      chosen: value === undefined ? chosen : { ...chosen, [panel.repeat]: { matches: matcher(value), values: [value], shown: value } },
      grid: { x: panel.repeat ? (number % across) * w : x, y: y + moved + h * Math.floor(number / across), w, h },
    }));
    moved += h * (Math.ceil(values.length / across) - 1);
    return copies;
  });
}

// Rows and panels with their places; on a phone Grafana puts all below each other.
function placed(board, chosen, width) {
  const all = repeated(board.panels.flatMap((panel) => (panel.type === 'row' ? [panel, ...(panel.panels ?? [])] : [panel])), chosen);
  const column = width / 24;
  if (width >= PHONE) {
    return all.map(({ grid, ...one }) => ({ ...one, left: grid.x * column, top: grid.y * CELL, width: grid.w * column - GAP, height: grid.h * CELL - GAP }));
  }
  let top = 0;
  return all.map(({ grid, ...one }) => {
    const box = { ...one, left: 0, top, width: width - GAP, height: grid.h * CELL - GAP };
    top += grid.h * CELL;
    return box;
  });
}

function Choice({ label, value }) {
  return <span style={{ border: `1px solid ${theme.colors.border.medium}`, borderRadius: 3, padding: '2px 8px', fontSize: 12 }}>{`${label}: ${value}`}</span>;
}

function Board({ board, chosen }) {
  const width = job.width - 2 * GAP;
  const boxes = placed(board, chosen, width);
  const end = Math.max(...boxes.map((box) => box.top + box.height));
  return (
    <data.ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ width: job.width, padding: GAP, color: theme.colors.text.primary, background: theme.colors.background.canvas }}>
        <h3 style={{ margin: '4px 0' }}>{board.title}</h3>
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: GAP, marginBottom: GAP }}>
          {board.templating.list.map(({ name, label, type }) => <Choice key={name} label={label} value={type === 'query' ? chosen[name].shown : 'Prometheus'} />)}
        </div>
        <div style={{ position: 'relative', height: end + GAP }}>
          {boxes.map(({ panel, chosen, ...box }) => (
            <div key={panel.key} style={{ position: 'absolute', ...box }} data-panel={panel.type === 'row' ? undefined : panel.title}>
              {panel.type === 'row' ? <b style={{ fontSize: 14 }}>⌄ {panel.title}</b> : <Panel panel={panel} chosen={chosen} width={box.width} height={box.height} />}
            </div>
          ))}
        </div>
      </div>
    </data.ThemeContext.Provider>
  );
}

window.drawn = 0;
const board = await (await fetch('/board.json')).json();
const chosen = await chosenValues(board, ask, job.chosen ?? {}, job.window);
document.body.style.background = theme.colors.background.canvas;
window.panels = placed(board, chosen, job.width).filter(({ panel }) => panel.type !== 'row').length;
createRoot(document.getElementById('root')).render(<Board board={board} chosen={chosen} />);
