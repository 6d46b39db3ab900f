export function Summary({ station: { name, celsius } }) {
  const mean = celsius.reduce((sum, each) => sum + each, 0) / celsius.length;
  const [coldest, warmest] = [Math.min(...celsius), Math.max(...celsius)];
  return (
    <p id="summary">
      {name}: {mean.toFixed(1)} °C on average, from {coldest.toFixed(1)} to {warmest.toFixed(1)} °C
    </p>
  );
}
