// What a shape has to say is its <title>; shown at once beside the pointer instead of after the browser's pause.
(() => {
  const tip = document.getElementById('tip');
  document.querySelectorAll('svg title').forEach((title) => {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  });
  const show = (event) => {
    const shape = event.target.closest && event.target.closest('[data-tip]');
    if (!shape) { tip.style.display = 'none'; return; }
    tip.textContent = shape.dataset.tip;
    tip.style.display = 'block';
    const { width, height } = tip.getBoundingClientRect();
    const right = event.clientX + 14 + width > innerWidth;
    tip.style.left = Math.max(4, right ? event.clientX - width - 10 : event.clientX + 14) + 'px';
    tip.style.top = Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 4)) + 'px';
  };
  document.addEventListener('pointermove', show);
  document.addEventListener('pointerdown', show);
  document.addEventListener('scroll', () => { tip.style.display = 'none'; }, { passive: true });
})();
