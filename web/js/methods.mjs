// Methods of three.js' classes that nobody calls. A bundler cannot leave them out, since a name may be made up at run
// time; three.js makes up none of these: what it has under a name, some text of it or of ours names.

/** A method at the top of a class, as three.js writes each of them: to the brace that stands under its name. */
const METHOD = /^\t((?:static |async )*)(\w+)\([^\n]*\) \{\n(?:[\s\S]*?\n)?\t\}\n/gm;
/** What the language itself calls. */
const OF_THE_LANGUAGE = new Set(["constructor", "toString", "valueOf"]);

/** @param {string} text without what no program reads */
const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

/** @param {string} text */
const words = (text) => text.match(/[A-Za-z_$][\w$]*/g) ?? [];

/**
 * Leaves out of `files` the methods that no text names but their own.
 * @param {Map<string, string>} files of three.js, by path
 * @param {string[]} others what else is in the program, and what takes three.js' classes from it
 * @returns {Map<string, string>} the files without them
 */
export function dropMethods(files, others) {
  const named = new Set(others.flatMap((text) => words(withoutComments(text))));
  /** @type {{path: string, name: string, text: string}[]} */
  let methods = [];
  for (const [path, source] of files) {
    const rest = withoutComments(source).replace(METHOD, (text, _, name) => {
      methods.push({ path, name, text });
      return "";
    });
    for (const word of words(rest)) named.add(word);
  }
  // What is named by a method that is called is called: until nothing more is.
  for (let before = -1; before !== methods.length; ) {
    before = methods.length;
    methods = methods.filter(({ name, text }) => {
      if (!named.has(name) && !OF_THE_LANGUAGE.has(name)) return true;
      for (const word of words(text)) named.add(word);
      return false;
    });
  }
  const gone = new Map();
  for (const { path, text } of methods) gone.set(path, [...(gone.get(path) ?? []), text]);
  const slim = new Map();
  for (const [path, source] of files) {
    let text = withoutComments(source);
    for (const method of gone.get(path) ?? []) text = text.replace(method, () => "");
    slim.set(path, text);
  }
  return slim;
}
