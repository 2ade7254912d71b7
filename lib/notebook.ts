/**
 * What notebooks import: the library's public names and what lives in a cell. Importing it installs how the library's values
 * look at the end of a cell.
 */
import { installDefaultBars } from './notebook/default-bars';
import { installImageViews } from './notebook/image-views';
import { installNotebookViews } from './notebook/views';

installNotebookViews();
installImageViews();
installDefaultBars();

export * from './index';
export { downloadModel, type DownloadOptions } from './notebook/download-model';
export { clearOutput } from './figure/display-handle';
export { drawingPad, DrawingPad, type DrawingPadOptions } from './notebook/drawing-pad';
export { type Stroke } from './notebook/strokes';
export { form, Form, type FormControls, type FormValue, type SliderRange } from './notebook/form';
export { inBrowser, type InBrowserOptions } from './notebook/in-browser';
export { interact, type Draw, type InteractOptions } from './notebook/interact';
export { liveFigure, LiveFigure } from './notebook/live';
export { progress, type ProgressOptions } from './notebook/progress';
export { ProgressBar } from './notebook/progress-bar';
export { renew } from './notebook/renew';
export { Table, table } from './notebook/html-table';
export { showSource, Source } from './notebook/source';
export { trainingView, TrainingView, type TrainingViewOptions } from './notebook/training-view';
export { watchTraining, type WatchedTraining, type WatchOptions } from './notebook/watch-training';
