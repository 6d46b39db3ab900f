// Until the store uses it itself.
export { openGrowing } from '../files/growing-file.ts';
