/** An author's Markdown: read by Jupyter's own renderer, then stripped of all but plain structure and links. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { useEffect, useRef, useState, type JSX } from 'react';

const MARKDOWN = 'text/markdown';
const LONGEST = 100_000; // characters that are rendered

const KEPT = new Set(
  'a abbr b blockquote br code dd del dl dt em h1 h2 h3 h4 h5 h6 hr i kbd li ol p pre s span strong sub sup table tbody td th thead tr u ul'.split(
    ' '
  )
);

/**
 * HTML that looks as the page wants it and loads nothing: no classes, styles, names, forms or frames. A picture becomes a
 * link to it.
 */
export function plainHtml(html: string): string {
  const page = new DOMParser().parseFromString(html, 'text/html'); // such a document runs and loads nothing
  for (const element of [...page.body.querySelectorAll('*')]) {
    const name = element.localName;
    const address = addressOf(element.getAttribute(name === 'img' ? 'src' : 'href'));
    const alternative = element.getAttribute('alt') ?? '';
    for (const attribute of [...element.attributes]) {
      element.removeAttribute(attribute.name);
    }
    if (name === 'img') {
      element.replaceWith(pictureLink(page, alternative, address));
    } else if (name === 'script' || name === 'style' || name === 'template') {
      element.remove();
    } else if (!KEPT.has(name)) {
      element.replaceWith(...element.childNodes);
    } else if (name === 'a' && address !== null) {
      outwards(element, address);
    }
  }
  return page.body.innerHTML;
}

function pictureLink(page: Document, alternative: string, address: string | null): Element {
  const link = page.createElement(address === null ? 'span' : 'a');
  link.textContent = alternative === '' ? (address ?? '') : alternative;
  if (address !== null) {
    outwards(link, address);
  }
  return link;
}

function outwards(link: Element, address: string): void {
  link.setAttribute('href', address);
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer');
}

/** What the renderer adds to the HTML: anchors of headings, which lead nowhere here, and its own word on links. */
function finish(node: HTMLElement): void {
  for (const link of node.querySelectorAll('a')) {
    const address = addressOf(link.getAttribute('href'));
    if (address === null) {
      link.replaceWith(...(link.classList.contains('jp-InternalAnchorLink') ? [] : link.childNodes));
    } else {
      outwards(link, address);
    }
  }
}

/** An address on the net; null: it is none. */
export function addressOf(text: string | null): string | null {
  try {
    const { href, protocol } = new URL(text ?? '');
    return protocol === 'http:' || protocol === 'https:' ? href : null;
  } catch {
    return null;
  }
}

/** A registry whose renderers make nothing else of untrusted HTML. */
function strict(rendermime: IRenderMimeRegistry): IRenderMimeRegistry {
  const { sanitizer } = rendermime;
  return rendermime.clone({
    sanitizer: { sanitize: (dirty, options) => plainHtml(sanitizer.sanitize(dirty, options)) },
    // formulas may carry classes and styles of their own
    latexTypesetter: { typeset: () => undefined }
  });
}

export function Description({ text, rendermime }: { text: string; rendermime: IRenderMimeRegistry }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [isPlain, setPlain] = useState(false);
  useEffect(() => {
    const host = place.current;
    if (host === null || rendermime.getFactory(MARKDOWN) === undefined) {
      setPlain(true);
      return undefined;
    }
    const safe = strict(rendermime);
    const model = safe.createModel({ trusted: false, data: { [MARKDOWN]: text.slice(0, LONGEST) } });
    const renderer = safe.createRenderer(MARKDOWN);
    host.append(renderer.node); // drawn by React, not by a layout: nobody attaches it
    renderer.renderModel(model).then(
      () => {
        finish(renderer.node);
      },
      () => {
        setPlain(true);
      }
    );
    return (): void => {
      renderer.node.remove();
      renderer.dispose();
    };
  }, [text, rendermime]);
  return isPlain ? <pre className="cube-Description">{text}</pre> : <div className="cube-Description" ref={place} />;
}
