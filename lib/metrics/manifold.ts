/**
 * Precision and recall (Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing
 * generative models"), density and coverage (Naeem et al. 2020, "Reliable fidelity and diversity metrics
 * for generative models"), and how far the images of one class lie apart.
 */
import { commonWidth, selectRows, squaredDistances, type Features } from './features';

export interface Manifold {
  /** Share of generated images within reach of a real one. */
  readonly precision: number;
  /** Share of real images within reach of a generated one. */
  readonly recall: number;
  /** How many real images reach a generated one, divided by k; 1 for two sets of one kind, can be more. */
  readonly density: number;
  /** Share of real images that reach a generated one. */
  readonly coverage: number;
}

/** Squared distance of each row to its k-th nearest other row. */
function reaches(set: Features, k: number): Float64Array {
  const all = squaredDistances(set, set);
  return Float64Array.from({ length: set.length }, (_, i) => {
    const row = all.subarray(i * set.length, (i + 1) * set.length).slice();
    return row.sort()[k]!; // the first is its distance to itself
  });
}

/**
 * Compares two sets by how their images reach each other. The reach of an image is its distance to its k-th nearest
 * neighbour in its own set.
 *
 * @param k 5, as in both papers' reference implementations
 * @throws RangeError if widths differ or a set has not more than k images
 */
export function manifoldMetrics(real: Features, generated: Features, k = 5): Manifold {
  commonWidth(real, generated, k + 1);
  const [realReach, generatedReach] = [reaches(real, k), reaches(generated, k)];
  const between = squaredDistances(real, generated);
  const isNear = new Uint8Array(generated.length); // within reach of some real image
  let [recalled, reached, covered] = [0, 0, 0];
  for (let i = 0; i < real.length; i++) {
    let [isRecalled, nearest] = [false, Infinity];
    for (let j = 0; j < generated.length; j++) {
      const distance = between[i * generated.length + j]!;
      if (distance < realReach[i]!) {
        isNear[j] = 1;
        reached++;
      }
      isRecalled ||= distance < generatedReach[j]!;
      nearest = Math.min(nearest, distance);
    }
    recalled += Number(isRecalled);
    covered += Number(nearest < realReach[i]!);
  }
  return {
    precision: isNear.reduce((sum, x) => sum + x, 0) / generated.length,
    recall: recalled / real.length,
    density: reached / (k * generated.length),
    coverage: covered / real.length,
  };
}

/**
 * Mean distance of two images of the same class, over all pairs of each class, then over the classes.
 *
 * @param labels the class of each row, a number from 0 to 255
 * @throws RangeError if a class has one image only
 */
export function withinClassDistance(set: Features, labels: Uint8Array): number {
  const classes = [...new Set(labels)].sort();
  const means = classes.map((one) => {
    const rows = [...labels.keys()].filter((i) => labels[i] === one);
    if (rows.length < 2) {
      throw new RangeError(`withinClassDistance: expected two images of class ${one}, got one.`);
    }
    const own = selectRows(set, rows);
    const sum = squaredDistances(own, own).reduce((total, x) => total + Math.sqrt(x), 0);
    return sum / (rows.length * (rows.length - 1));
  });
  return means.reduce((sum, x) => sum + x, 0) / means.length;
}
