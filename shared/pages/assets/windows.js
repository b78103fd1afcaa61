// Lets people plan a window in their own zone. Without this script its times are UTC, as the labels say.
(() => {
  const form = document.querySelector("#later form"), inputs = [...form.querySelectorAll("[data-here]")];
  const text = (at) => at.toISOString().slice(0, 16);
  for (const input of inputs) {
    input.labels[0].textContent = input.dataset.here;
    const at = new Date(`${input.value}Z`);
    // A browser that puts back what was typed before a reload has a time of its own zone here.
    if (input.value === input.defaultValue && !isNaN(at)) input.value = text(new Date(at - at.getTimezoneOffset() * 6e4));
  }
  form.addEventListener("formdata", ({ formData }) => inputs.forEach((input) => {
    const at = new Date(input.value);
    if (!isNaN(at)) formData.set(input.name, text(at));
  }));
})();
