/*
 * script.js - makes the pages feel instant: a link to another page of the mail replaces only what differs
 *
 * Every page works without it. On any doubt (an error, an answer that is no page of the mail, a session that ended) the
 * browser navigates by itself. The answer is parsed by XMLHttpRequest (responseType "document"), which runs no script
 * and needs no HTML string, so the policy's trusted-types 'none' holds.
 *
 * SPDX-License-Identifier: ISC
 */
'use strict';

(() => {
	/* a list or a message; its parts, source and frame are left to the browser */
	const PAGE = /^\/mail\/[^/]+(\/[^/]+)?$/;
	/* what differs from page to page; the answer to the script has nothing else */
	const PARTS = ['main', '.rail', '.menu'];
	const places = new Map(); /* history entry -> { y, href }: where one was on it */
	let here = location.href;
	let entry = history.state?.entry ?? 0;
	let request = null;

	const fits = (url) => url.origin === location.origin && PAGE.test(url.pathname);

	function remember() {
		places.set(entry, { y: scrollY, href: document.activeElement?.getAttribute('href') });
	}

	/* back: the place one left, and the focus on the link one took; forward: the top */
	function settle(place) {
		const main = document.querySelector('main');
		const link = place?.href && main.querySelector(`a[href="${CSS.escape(place.href)}"]`);

		(link || main).focus({ preventScroll: true });
		scrollTo(0, place?.y ?? 0);
		document.querySelector('#live').textContent = document.title;
	}

	function show(page) {
		document.title = `${page.querySelector('main').dataset.title} - intimail`;
		for (const part of PARTS) {
			document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
		}
	}

	function load(url, done) {
		const leave = () => location.assign(url);

		request?.abort();
		request = new XMLHttpRequest();
		request.open('GET', url);
		request.setRequestHeader('X-Requested-With', 'intimail'); /* only the inner part */
		request.responseType = 'document';
		request.timeout = 15000;
		request.onerror = request.ontimeout = leave;
		request.onload = (event) => {
			const { status, response: page, responseURL } = event.target;

			if (status !== 200 || !page || !fits(new URL(responseURL)) ||
			    !PARTS.every((part) => page.querySelector(part) && document.querySelector(part))) {
				leave();
				return;
			}
			request = null;
			done(page);
		};
		document.querySelector('main').setAttribute('aria-busy', 'true');
		request.send();
	}

	document.addEventListener('click', (event) => {
		const link = event.target.closest?.('a[href]');

		if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey ||
		    event.altKey || link.target || link.hasAttribute('download') || !fits(link) || link.hash) {
			return;
		}
		event.preventDefault();
		load(link.href, (page) => {
			remember();
			entry += 1;
			here = link.href;
			history.pushState({ entry }, '', here);
			show(page);
			settle(null);
		});
	});

	addEventListener('popstate', (event) => {
		const url = location.href;

		if (url.split('#')[0] === here.split('#')[0]) {
			return; /* the skip link */
		}
		remember();
		entry = event.state?.entry ?? 0;
		here = url;
		load(url, (page) => {
			show(page);
			settle(places.get(entry));
		});
	});

	/* a reload stays where it was */
	addEventListener('pagehide', () => history.replaceState({ entry, y: scrollY }, ''));
	history.scrollRestoration = 'manual';
	history.replaceState({ entry, y: history.state?.y }, '');
	if (history.state.y) {
		scrollTo(0, history.state.y);
	}
})();
