/** Lets a test wait for something that an event brings, without asking again and again. */
export class Wake {
  #waiting: (() => void)[] = [];

  /** Something has happened: whoever waits looks again. */
  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  /**
   * Waits until `done` holds.
   *
   * @param what names what is awaited, for the error
   * @param timeout milliseconds
   * @throws Error where the time is over
   */
  until(what: string, done: () => boolean, timeout = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`waited ${timeout} ms in vain for ${what}`));
      }, timeout);
      const look = (): void => {
        if (!done()) {
          this.#waiting.push(look);
          return;
        }
        clearTimeout(timer);
        resolve();
      };
      look();
    });
  }
}
