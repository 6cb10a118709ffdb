/** An answer that comes when the test says so. */

interface ILate {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
}

export function late(): ILate {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise<unknown>(done => {
    resolve = done;
  });
  return {
    promise,
    resolve: (value): void => {
      resolve(value);
    }
  };
}
