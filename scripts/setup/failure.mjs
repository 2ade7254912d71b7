/** Something that the user can mend: what is wrong, and what to do about it. */
export class SetupFailure extends Error {
  /**
   * @param {string} problem what was found
   * @param {string} remedy what to do
   */
  constructor(problem, remedy) {
    super(problem);
    this.name = 'SetupFailure';
    this.remedy = remedy;
  }
}
