// What is worth to be encoded: by its media type and its size. What is compressed already only grows.

/** A body this small travels in the packet that its head travels in. */
export const MIN_SIZE = 1024;

/** Less than a twentieth is not worth another file, its descriptor and its place in every cache. */
const MIN_GAIN = 0.05;

/** Registered types that are text, or as redundant, by name; whole suffixes (RFC 6839, RFC 9512) by pattern. */
const TYPES: ReadonlySet<string> = new Set(
  [
    ...[
      'javascript',
      'x-javascript',
      'ecmascript',
      'json',
      'xml',
      'wasm',
      'graphql',
      'sql',
      'toml',
    ],
    ...['x-ndjson', 'jsonl', 'yaml', 'rtf', 'postscript', 'x-sh', 'x-httpd-php', 'xhtml+xml'],
    ...['vnd.ms-fontobject', 'x-font-ttf', 'x-font-otf', 'x-font-opentype', 'x-font-truetype'],
    ...['font-sfnt', 'manifest+json', 'vnd.apple.mpegurl', 'x-mpegurl', 'dash+xml'],
  ]
    .map((name) => `application/${name}`)
    .concat([
      ...['font/ttf', 'font/otf', 'font/collection', 'font/sfnt'],
      ...[
        'image/svg+xml',
        'image/bmp',
        'image/x-ms-bmp',
        'image/vnd.microsoft.icon',
        'image/x-icon',
      ],
      ...[
        'image/x-portable-pixmap',
        'model/obj',
        'model/gltf-binary',
        'model/stl',
        'message/rfc822',
      ],
    ]),
);

const FAMILIES = /^(?:text\/.+|.+\+(?:xml|json|text|yaml))$/;

/** Does content of this media type (with or without parameters) get smaller? */
export function isCompressible(contentType: string): boolean {
  const [type = ''] = contentType.toLowerCase().split(';');
  return FAMILIES.test(type.trim()) || TYPES.has(type.trim());
}

/** Is the encoded form so much smaller that it is kept? Both in bytes. */
export function isWorthwhile(size: number, encoded: number): boolean {
  return encoded <= size * (1 - MIN_GAIN);
}
