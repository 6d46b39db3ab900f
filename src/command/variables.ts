// The environment's ZCSERVE_ variables: which are options, and which only look like it.
import { COMMAND_OPTIONS } from '../options/options.ts';
import { nearest, unknown, variableOf } from '../options/table.ts';
import { WRITABLE } from './arguments.ts';

const PREFIX = 'ZCSERVE_';

/** Read where the addon is loaded. */
const ADDON = ['ZCSERVE_ADDON', 'ZCSERVE_NO_ADDON'];

/** What Kubernetes sets in every container for a service that is called zcserve. */
const OF_SERVICE =
  /^ZCSERVE_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const ADDRESS_OF_SERVICE = /^(?:tcp|udp|sctp):\/\//;

/** The option's value; undefined where it is empty, or is the address of a service. */
export function readVariable(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const value = env[variable] || undefined;
  return value !== undefined && isAddressOfService(variable, value) ? undefined : value;
}

/** A line for each variable that looks like ours and sets nothing. */
export function strayVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [...WRITABLE.map(variableOf), ...ADDON];
  const structured = new Map(
    Object.keys(COMMAND_OPTIONS)
      .filter((name) => !WRITABLE.includes(name))
      .map((name) => [variableOf(name), name]),
  );
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !OF_SERVICE.test(name))
    .map((name) => {
      const option = structured.get(name);
      return option === undefined
        ? unknown(name, nearest(name, known))
        : `${name} sets nothing: ${option} stands in a config file`;
    });
}

/** ZCSERVE_PORT is the address of such a service as well. */
function isAddressOfService(variable: string, value: string): boolean {
  return variable === variableOf('port') && ADDRESS_OF_SERVICE.test(value);
}
