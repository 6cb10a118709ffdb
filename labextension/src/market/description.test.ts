import { expect, it } from 'vitest';

import { addressOf, plainHtml } from './description';

it.each([
  ['<p class="jp-Dialog" style="position:fixed" id="main" onclick="x()">a</p>', '<p>a</p>'],
  ['<script>x()</script><style>p{}</style><template><p>b</p></template>c', 'c'],
  ['<form action="http://x"><button>go</button><input></form>', 'go'],
  ['<iframe src="http://x"></iframe><object data="x"></object><svg onload="x()"><text>t</text></svg>', 't'],
  ['<a href="javascript:x()" target="_top">a</a><a href="#main">b</a><a href="lab/tree">c</a>', '<a>a</a><a>b</a><a>c</a>'],
  [
    '<a href="https://x/y" onclick="z()">a</a>',
    '<a href="https://x/y" target="_blank" rel="noopener noreferrer">a</a>'
  ],
  [
    '<img src="http://x/p.png" alt="a &lt;b&gt;" onerror="z()">',
    '<a href="http://x/p.png" target="_blank" rel="noopener noreferrer">a &lt;b&gt;</a>'
  ],
  ['<img src="data:image/png;base64,xx" alt="dot">', '<span>dot</span>'],
  ['<table><tbody><tr><td colspan="9" background="http://x">1</td></tr></tbody></table>', '<table><tbody><tr><td>1</td></tr></tbody></table>']
])('%j is only %j', (html, plain) => {
  expect(plainHtml(html)).toBe(plain);
});

it('addresses are those of the net', () => {
  expect(['http://x/', 'https://x/y', 'file:///etc', 'javascript:x', '/lab', '', null].map(addressOf)).toEqual([
    'http://x/',
    'https://x/y',
    null,
    null,
    null,
    null,
    null
  ]);
});
