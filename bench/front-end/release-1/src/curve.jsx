import Chart from 'chart.js/auto';
import { useEffect, useRef } from 'react';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function Curve({ station }) {
  const canvas = useRef(null);
  useEffect(() => {
    const chart = new Chart(canvas.current, {
      type: 'line',
      data: { labels: MONTHS, datasets: [{ label: station.name, data: station.celsius }] },
      options: { animation: false },
    });
    // What a visitor waited for is there.
    performance.mark('rendered');
    return () => chart.destroy();
  }, [station]);
  return <canvas ref={canvas} width="640" height="320" />;
}
