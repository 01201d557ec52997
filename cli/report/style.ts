/** The style sheet of the report: light and dark by the reader's own setting, no font and no picture from elsewhere. */

export const STYLE = `
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2420;--soft:#5d6862;--line:#e2e0d8;--band:#f1efe8;--odd:#f8f6f1;
--source:#b4690e;--target:#0b7a6b;--fail:#c0262d;--pause:#7b4fc9;--good:#1f7a3d;--warn:#9a6200;--undo:#fbeed3;
--c0:#0b7a6b;--c1:#2f5fc4;--c2:#b4690e;--c3:#a5308f;--c4:#5d6862;--c5:#c0262d}
@media (prefers-color-scheme:dark){:root{--paper:#121614;--card:#1a201d;--ink:#e8ece9;--soft:#9aa69f;--line:#2d3531;--band:#1f2623;--odd:#191f1c;
--source:#f0a94a;--target:#4fd1bd;--fail:#ff7b7b;--pause:#b99bff;--good:#6fd58f;--warn:#f2c063;--undo:#3a3018;
--c0:#4fd1bd;--c1:#8fb3ff;--c2:#f0a94a;--c3:#f08fdc;--c4:#9aa69f;--c5:#ff7b7b}}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:56px}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main,header>div,nav>div{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding:32px 0 8px}h1{font-size:30px;line-height:1.2;margin:0 0 6px}h2{font-size:20px;margin:0 0 4px}
h3{font-size:16px;margin:20px 0 4px}p{margin:4px 0 12px;max-width:100ch}.soft{color:var(--soft)}
nav{position:sticky;top:0;background:var(--paper);border-bottom:1px solid var(--line);z-index:1;font-size:14px}
nav>div{display:flex;gap:4px 16px;flex-wrap:wrap;padding-top:9px;padding-bottom:9px}nav a{color:var(--soft);text-decoration:none}nav a:hover{color:var(--ink);text-decoration:underline}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px 22px;margin:18px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0 6px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}.card b{display:block;font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}
.card span{color:var(--soft);font-size:13.5px}.card.good b{color:var(--good)}.card.bad{border-color:var(--fail)}.card.bad b{color:var(--fail)}
.pill{display:inline-block;border-radius:99px;padding:1px 10px;font-size:13px;font-weight:600;border:1.5px solid currentColor;white-space:nowrap}
.pass,.good{color:var(--good)}.fail,.bad{color:var(--fail)}.unknown,.warn{color:var(--warn)}.card.good,.card.bad{color:inherit}.muted{color:var(--soft)}
figure{margin:8px 0 4px}figcaption{display:flex;gap:4px 18px;flex-wrap:wrap;font-size:13.5px;color:var(--soft);padding-left:6px}
.key i{display:inline-block;width:18px;height:0;border-top:3px solid var(--k);margin-right:6px;vertical-align:4px}.key i.dash{border-top-style:dotted}
svg{width:100%;height:auto;display:block}.scroll{overflow-x:auto}
.band{fill:var(--band)}.band.odd{fill:var(--odd)}.band.undo{fill:var(--undo)}.grid{stroke:var(--line);stroke-width:1}
text{fill:var(--soft);font-size:12px}.phase,.span{text-anchor:middle}.phase{fill:var(--ink);font-size:12.5px}.tick{text-anchor:end}.row{fill:var(--ink)}
.source{--k:var(--source)}.target{--k:var(--target)}.failed{--k:var(--fail)}.paused{--k:var(--pause)}
.k0{--k:var(--c0)}.k1{--k:var(--c1)}.k2{--k:var(--c2)}.k3{--k:var(--c3)}.k4{--k:var(--c4)}.k5{--k:var(--c5)}
.area{fill:var(--k);opacity:.8}.line{fill:none;stroke:var(--k);stroke-width:2.2;stroke-linejoin:round}.line.dash{stroke-dasharray:2 4;stroke-linecap:round}
.hover{fill:transparent}.hover:hover{fill:var(--ink);opacity:.1}
.bar{fill:var(--good)}.bar.started,.bar.rolling-back{fill:var(--warn)}.bar.failed{fill:var(--fail)}.bar.rolled-back{fill:var(--soft)}.bar.freeze{fill:var(--pause)}
.mark{stroke:var(--card);stroke-width:1.5}.mark.asked,.mark.voted{fill:var(--c1)}.mark.granted{fill:var(--good)}.mark.denied,.mark.expired,.mark.violation,.mark.failing{fill:var(--fail)}.mark.fault{fill:var(--warn)}
td code{white-space:nowrap}.long{overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}th{text-align:left;color:var(--soft);font-weight:600}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}td.n,th.n{text-align:right;white-space:nowrap}td.t{white-space:nowrap;color:var(--soft)}
code{font:13px/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
details{margin:6px 0}summary{cursor:pointer;color:var(--ink)}summary:hover{text-decoration:underline}details[open]>summary{margin-bottom:6px}
details.gate{border-bottom:1px solid var(--line);padding:5px 0;margin:0}footer{color:var(--soft);font-size:13.5px;padding:6px 0 40px}
@media print{nav{display:none}section{break-inside:avoid}}
`;
