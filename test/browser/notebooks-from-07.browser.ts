import { notebookNames } from './copies';
import { testNotebooks } from './notebook-tests';

testNotebooks(
  notebookNames.filter((name) => name >= '07'),
  'notebooks-from-07',
);
