// What the live page runs: asks for /stats once a second and shows it. Without it the page says that it needs a script.

export const SCRIPT = `
const $=(id)=>document.getElementById(id);
const say=(id,text)=>{const at=$(id);if(at.textContent!==text)at.textContent=text};
const compact=new Intl.NumberFormat('en',{notation:'compact',maximumSignificantDigits:3});
const whole=new Intl.NumberFormat('en');
const number=(n)=>n<1e4?whole.format(n<100?Math.round(n*10)/10:Math.round(n)):compact.format(n);
const UNITS=['B','KiB','MiB','GiB','TiB','PiB'];
function bytes(n){
  let unit=0;
  for(;n>=1000&&unit<UNITS.length-1;unit++)n/=1024;
  return (unit===0||n>=100?Math.round(n):n.toFixed(n>=10?1:2))+' '+UNITS[unit];
}
const ms=(n)=>n>=1000?n/1000+' s':n+' ms';
const quantile=(q)=>q===null?'–':'atMost' in q?'≤ '+ms(q.atMost):'> '+ms(q.above);
const height=(q)=>q===null?0:q.atMost??q.above;
const percent=(share)=>share===null?'–':(share===1?'100':(share*100).toFixed(1))+' %';
function age(seconds){
  const d=Math.floor(seconds/86400),h=Math.floor(seconds/3600)%24,m=Math.floor(seconds/60)%60;
  return d>0?d+' d '+h+' h':h>0?h+' h '+m+' min':m>0?m+' min':Math.floor(seconds)+' s';
}

const SVG='http://www.w3.org/2000/svg',SECONDS=60;
// Series lie one on the other; of one that is hardly there, no line hides the one below. A gap at the left is the time
// before the start.
function draw(id,series,most){
  const svg=$(id).querySelector('svg');
  const sums=series[0].map((_,i)=>series.reduce((sum,one)=>sum+one[i],0));
  const top=Math.max(most??0,...sums)||1;
  const x=(i)=>SECONDS-sums.length+i+1,y=(v)=>(40-v/top*36).toFixed(2);
  const under=sums.map(()=>0);
  while(svg.children.length>series.length*2)svg.lastChild.remove();
  series.forEach((one,s)=>{
    const base=under.slice();
    one.forEach((v,i)=>{under[i]+=v});
    const line=under.map((v,i)=>(i?'L':'M')+x(i)+' '+y(v)).join('');
    const back=base.map((v,i)=>'L'+x(i)+' '+y(v)).reverse().join('');
    [['area',line+back+'Z'],['line',line]].forEach(([kind,d],k)=>{
      let path=svg.children[s*2+k];
      if(!path){path=svg.appendChild(document.createElementNS(SVG,'path'));path.setAttribute('class',kind+' s'+s)}
      path.setAttribute('d',sums.length>1&&(series.length===1||Math.max(...one)>top/200)?d:'');
    });
  });
}
function fill(id,now,most,text){
  const bar=$(id).querySelector('[role=meter]');
  const share=most>0?Math.min(1,now/most):0;
  bar.setAttribute('aria-valuenow',Math.round(share*100));
  bar.setAttribute('aria-valuetext',text);
  bar.firstChild.style.width=share*100+'%';
}
function rows(id,list){
  const body=$(id);
  while(body.rows.length>list.length)body.deleteRow(-1);
  list.forEach(({cells,bad},r)=>{
    const row=body.rows[r]??body.insertRow();
    row.classList.toggle('bad',!!bad);
    cells.forEach((text,c)=>{
      let cell=row.cells[c];
      if(!cell){cell=row.appendChild(document.createElement(c===0?'th':'td'));if(c===0)cell.scope='row'}
      if(cell.textContent!==text)cell.textContent=text;
    });
  });
}

const WAYS=['mmap','sendfile','read','bytes'];
function show(s){
  const past=s.lastMinute,last=past[past.length-1],of=(f)=>past.map(f);
  document.title=(last?bytes(last.bytesPerSecond)+'/s – ':'')+'zcserve';
  say('state',s.state);$('state').className=s.state==='ready'?'good':'bad';
  say('about',s.url+' · '+s.transport+' · '+s.protocols.join(' and ')+' · up '+age(s.uptime));
  say('version','zcserve '+s.version+' on Node '+s.node+', process '+s.pid+': '+s.reason);
  if(last){
    say('bytes-value',bytes(last.bytesPerSecond)+'/s');
    WAYS.forEach((way)=>say('way-'+way,bytes(last.bytesPerSecondByStrategy[way]??0)+'/s'));
    draw('bytes',WAYS.map((way)=>of((p)=>p.bytesPerSecondByStrategy[way]??0)));
    say('answers-value',number(last.responsesPerSecond)+'/s');
    draw('answers',[of((p)=>p.responsesPerSecond)]);
    say('errors-value',number(last.errorsPerSecond)+'/s');
    draw('errors',[of((p)=>p.errorsPerSecond)],1);
    draw('duration',[of((p)=>height(p.p99))]);
    draw('ratio',[of((p)=>p.hitRatio??0)],1);
    draw('connections',[of((p)=>p.connections)]);
    say('loop-value',last.eventLoopDelay.toFixed(1)+' ms');
    draw('loop',[of((p)=>p.eventLoopDelay)],10);
  }
  const lately=s.rates;
  say('duration-value',lately?quantile(lately.p99):'–');
  say('duration-note','p50 '+(lately?quantile(lately.p50):'–')+'; the last ten seconds');
  say('ratio-value',lately?percent(lately.hitRatio):'–');
  const answers=Object.values(s.byStatus).flatMap((row)=>Object.values(row)).reduce((a,b)=>a+b,0);
  const all=s.hot+s.opened+s.planned;
  say('answers-note',number(answers)+' so far, '+percent(all?(s.hot+s.opened)/all:null)+' without JavaScript');
  say('errors-note','4xx, 5xx, and answers that were cut');
  say('ratio-note','of files that were sent, by mmap; the last ten seconds');
  say('loop-note','99 of 100 turns of JavaScript');
  say('connections-value',number(s.connections));
  say('connections-note',number(s.transfers)+' bodies on their way; at most '+number(s.limits.connections));
  const cached=s.files.memory.bytes+s.copied;
  fill('cache',cached,s.limits.cacheBytes,bytes(cached));
  say('cache-value',bytes(cached));
  say('cache-note',number(s.files.memory.entries+s.kept)+' files; of '+bytes(s.limits.cacheBytes));
  fill('open',s.files.descriptors,s.limits.openFiles,String(s.files.descriptors));
  say('open-value',number(s.files.descriptors));
  say('open-note','descriptors kept open; of '+number(s.limits.openFiles));
  rows('statuses',Object.entries(s.byStatus).flatMap(([protocol,row])=>Object.entries(row).map(([status,n])=>
    ({cells:[status,protocol,whole.format(n),percent(answers?n/answers:null)],bad:status>=500}))));
  rows('ways',Object.entries(s.byStrategy).map(([way,t])=>
    ({cells:[way.replace(':',', '),whole.format(t.responses),bytes(t.bytes)]})));
  rows('trouble',[
    ['clients left',s.aborted],['too slow',s.timeouts],['files changed',s.truncated],['cut at the stop',s.cancelled],
    ['turned away',s.rejected],['sendfile refused',s.refused],['handshakes failed',s.unfinished],
    ['log lines lost',s.logLinesDropped+(s.accessLog?.lost??0)],
  ].map(([name,n])=>({cells:[name,whole.format(n)],bad:n>0})));
  rows('tls',[
    ['handshakes of 1.3',s.handshakes-s.tls12],['handshakes of 1.2',s.tls12],['resumed',s.resumed],
    ['records of our own',s.sealed],['clients with HTTP/2',s.http2],
  ].map(([name,n])=>({cells:[name,whole.format(n)]})));
}

let timer;
async function look(){
  clearTimeout(timer);
  try{
    const got=await fetch('stats',{cache:'no-store',signal:AbortSignal.timeout(5000)});
    if(!got.ok)throw new Error(got.status);
    show(await got.json());
    document.body.classList.remove('stale');
  }catch{
    if(!document.body.classList.contains('stale')){
      say('state','not reachable since '+new Date().toLocaleTimeString());
      $('state').className='bad';
    }
    document.body.classList.add('stale');
  }
  if(!document.hidden)timer=setTimeout(look,1000);
}
document.addEventListener('visibilitychange',()=>{if(!document.hidden)look()});
look();
`;
