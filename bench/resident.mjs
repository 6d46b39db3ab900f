// Prints the resident bytes of a process that has imported what its arguments name.
for (const name of process.argv.slice(2)) await import(name);
console.log(process.memoryUsage.rss());
