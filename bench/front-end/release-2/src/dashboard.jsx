import { useState } from 'react';
import { Curve } from './curve.jsx';
import { STATIONS } from './stations.js';
import { Summary } from './summary.jsx';

export function Dashboard() {
  const [chosen, choose] = useState(STATIONS[0].name);
  const station = STATIONS.find(({ name }) => name === chosen);
  return (
    <main>
      <h1>Temperature by month</h1>
      <nav>
        {STATIONS.map(({ name }) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === chosen}
            onClick={() => choose(name)}
          >
            {name}
          </button>
        ))}
      </nav>
      <Curve station={station} />
      <Summary station={station} />
    </main>
  );
}
