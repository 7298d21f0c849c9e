// Errors of single images as they lie packed in the page, and what is computed from them.
//
// An error is a whole number q of quanta, rounded up, so the true one lies in (q - 1, q]. It is taken as q - 1/2: then
// which errors exceed a threshold of a whole number of quanta is exact, and others are off by half a quantum at most.
const imageErrors = (() => {
  'use strict';

  function view(base64) {
    return new DataView(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
  }

  function whole(base64) {
    const packed = view(base64);
    return Uint16Array.from({ length: packed.byteLength / 2 }, (_, i) => packed.getUint16(2 * i, true));
  }

  function real(base64) {
    const packed = view(base64);
    return Float32Array.from({ length: packed.byteLength / 4 }, (_, i) => packed.getFloat32(4 * i, true));
  }

  // Percent of the images of a subset, pooled over the seeds of a series, in ascending order.
  function sorted(payload, series, subset, normalizer) {
    const images = payload.sets[series.set];
    images.inSubset ??= whole(images.members);
    images.factor ??= real(images.ratio);
    series.quanta ??= whole(series.errors);
    const bit = payload.subsets.indexOf(subset);
    const headline = normalizer === payload.normalizers[0];
    const found = [];
    series.quanta.forEach((quanta, i) => {
      const image = i % images.images;
      if (!((images.inSubset[image] >> bit) & 1)) return;
      found.push(Math.max(0, quanta - 0.5) * payload.quantum * (headline ? 1 : images.factor[image]));
    });
    return Float64Array.from(found).sort();
  }

  // Share of errors above the threshold, percent.
  function failureRate(errors, threshold) {
    return (100 * errors.reduce((sum, error) => sum + (error > threshold ? 1 : 0), 0)) / errors.length;
  }

  // Area under the cumulative curve up to the threshold, percent of the best possible.
  function areaUnderCurve(errors, threshold) {
    return (100 * errors.reduce((sum, error) => sum + Math.max(0, 1 - error / threshold), 0)) / errors.length;
  }

  // Share of errors up to each of some ascending thresholds, percent.
  function cumulative(errors, thresholds) {
    let count = 0;
    return thresholds.map((threshold) => {
      while (count < errors.length && errors[count] <= threshold) count += 1;
      return (100 * count) / errors.length;
    });
  }

  return { sorted, failureRate, areaUnderCurve, cumulative };
})();
