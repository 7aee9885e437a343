/// How a page looks: on a phone, at a desk, on paper, by day and by night.
enum PageStyle {
  static let text = """
    :root{--paper:#fff;--ink:#1a1a1a;--muted:#595959;--line:#d9d9d9;--tint:#f3f5f7;--link:#00598c;--focus:#0072b2}
    @media (prefers-color-scheme:dark){:root{--paper:#15171b;--ink:#ececec;--muted:#b4b4b4;--line:#3a3f46;--tint:#1f2329;--link:#8accf2;--focus:#8accf2}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 \(TextMetrics.family)}
    main{max-width:1400px;margin:0 auto;padding:16px}
    h1{font-size:1.5rem;margin:.2em 0;overflow-wrap:anywhere}
    h2{font-size:1.15rem;margin:1.6em 0 .5em}
    h3{font-size:1rem;margin:0}
    p{margin:.3em 0;overflow-wrap:anywhere}
    .quiet{color:var(--muted)}
    nav a{color:var(--link);margin-right:1em;display:inline-block;padding:4px 0}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:10px;padding:0;list-style:none}
    .cards li{background:var(--tint);border:1px solid var(--line);border-radius:6px;padding:10px 12px}
    .cards b{display:block;font-size:1.35rem}
    button{font:inherit;color:var(--link);background:none;border:1px solid var(--line);border-radius:4px;padding:4px 8px;cursor:pointer}
    :focus-visible{outline:2px solid var(--focus);outline-offset:1px}
    .head{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;margin:1em 0 .4em}
    input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--muted);border-radius:4px;padding:4px 8px;max-width:100%}
    .scroll{overflow:auto;max-height:80vh;border:1px solid var(--line);border-radius:6px}
    table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;width:100%}
    th,td{padding:3px 8px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
    th.text,td.text{text-align:left}
    thead th{position:sticky;top:0;background:var(--tint);z-index:1;vertical-align:bottom}
    thead button{border:0;padding:0;color:inherit;font-weight:bold}
    thead small{display:block;font-weight:normal;color:var(--muted);min-height:1.2em}
    th[aria-sort=ascending] button::after{content:" ▲"}
    th[aria-sort=descending] button::after{content:" ▼"}
    tbody th{font-weight:normal;position:sticky;left:0;background:var(--paper)}
    tfoot td,tfoot th{font-weight:bold;background:var(--tint)}
    tfoot th{position:sticky;left:0}
    td.open{cursor:pointer}
    td.open:hover{text-decoration:underline}
    figure{margin:0 0 20px}
    .figures svg{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:6px}
    .figures .narrow{display:none}
    [data-tip]:hover,[data-tip]:focus{filter:brightness(1.15)}
    [data-tip].open{cursor:pointer}
    #tip{position:fixed;z-index:9;pointer-events:none;max-width:min(340px,92vw);background:var(--ink);color:var(--paper);padding:6px 9px;border-radius:4px;font-size:13px;white-space:pre-line;overflow-wrap:anywhere}
    dialog{color:var(--ink);background:var(--paper);border:1px solid var(--muted);border-radius:8px;width:min(1000px,94vw);max-height:90vh}
    dialog::backdrop{background:#0008}
    dialog h2{margin-top:0}
    pre{overflow:auto;max-height:62vh;white-space:pre-wrap;overflow-wrap:anywhere;font:12.5px/1.4 ui-monospace,'DejaVu Sans Mono',monospace}
    mark{background:#f0e442;color:#1a1a1a}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0}
    dt{color:var(--muted)}
    dd{margin:0;overflow-wrap:anywhere}
    @media (max-width:700px){
    main{padding:10px}
    .figures .wide{display:none}
    .figures .narrow{display:block}
    dl{grid-template-columns:1fr}
    dd{margin-bottom:6px}
    }
    @media print{
    nav,input,dialog,#tip,.head output{display:none}
    .scroll{overflow:visible;max-height:none;border:0}
    table{font-size:7px}
    th,td{padding:1px 3px}
    thead th,tbody th,tfoot th{position:static}
    figure,.cards li,tr{break-inside:avoid}
    .figures .wide{display:block}
    .figures .narrow{display:none}
    }

    """
}
