export function Summary({ station: { name, celsius } }) {
  const mean = celsius.reduce((sum, each) => sum + each, 0) / celsius.length;
  return (
    <p id="summary">
      {name}: {mean.toFixed(1)} °C on average
    </p>
  );
}
