{
  # glibc_floor: a folder of glibc-floor.mjs.
  'variables': { 'sanitize%': '', 'glibc_floor%': '', 'lto%': '' },
  'targets': [
    {
      'target_name': 'zcserve',
      'sources': ['<!@(node sources.mjs)'],
      'include_dirs': ['.'],
      'defines': ['NAPI_VERSION=9', '_FILE_OFFSET_BITS=64'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
      # Node's own flags (common.gypi) switch exceptions and RTTI off and leave unused parameters alone.
      'cflags!': ['-Wno-unused-parameter'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++17'],
      # One binary for every Node: no libstdc++ of the machine that built it, nothing exported but the module.
      # Never unloaded, as a worker's end would do: a thread of ours may still hang in a system call.
      'ldflags': ['-Wl,-z,nodelete', '-static-libstdc++', '-static-libgcc', '-Wl,--exclude-libs,ALL', '-Wl,--gc-sections', '-Wl,-z,relro,-z,now'],
      'conditions': [
        ['glibc_floor!=""', {
          'defines': ['ZC_GLIBC_FLOOR'],
          'ldflags': ['-L<(glibc_floor)'],
        }],
        # The rooms call one another through small functions, ten a request: across files they are inlined only so.
        ['lto!=""', {
          'cflags': ['-flto'],
          'ldflags': ['-flto=auto', '-O3'],
        }],
        ['sanitize!=""', {
          'cflags': ['-fsanitize=<(sanitize)', '-fno-omit-frame-pointer', '-g'],
          'ldflags': ['-fsanitize=<(sanitize)'],
          'ldflags!': ['-static-libstdc++', '-static-libgcc'],
        }],
      ],
    },
  ],
}
