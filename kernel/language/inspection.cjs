'use strict';
// Shift+Tab: the signature within brackets, with what is known of the parameter at hand; what a name is, elsewhere.

const ts = require('typescript');
const { optionsOf } = require('./parameter-options.cjs');

const textOf = (parts) => ts.displayPartsToString(parts ?? []).trim();
const code = (text) => ({ code: text });
const prose = (text) => ({ prose: text });

/** What a docstring's tags say, without those of parameters that are told elsewhere. */
function tagLines(tags = [], toldParameters = false) {
  return tags
    .map(({ name, text }) => [name, textOf(text)])
    .filter(([name]) => name !== 'param' || !toldParameters)
    .map(([name, text]) => {
      if (name === 'param') return prose(text.replace(/^(\S+)\s*(?:-\s*)?/, '`$1`: '));
      const title =
        { throws: 'Throws', returns: 'Returns', example: 'Example' }[name] ?? `@${name}`;
      return name === 'example' && !text.includes('```')
        ? code(text)
        : prose(`**${title}** ${text}`.trim());
    });
}

/** The options of a parameter that is a record of them, each with its docstring, which tells the default. */
function optionLines(options) {
  return options.map(({ name, type, documentation }) =>
    prose(`- \`${name}: ${type}\`${documentation ? ` ${documentation.replace(/\s+/g, ' ')}` : ''}`),
  );
}

function signatureSections(help, view) {
  const item = help.items[help.selectedItemIndex];
  const parameters = item.parameters.map(({ displayParts }) => textOf(displayParts));
  const separator = ts.displayPartsToString(item.separatorDisplayParts);
  const shown =
    ts.displayPartsToString(item.prefixDisplayParts) +
    parameters.join(separator) +
    ts.displayPartsToString(item.suffixDisplayParts);
  const more = help.items.length - 1;
  const sections = [code(shown)];
  const parameter = item.parameters[help.argumentIndex];
  if (parameter) {
    const documentation = textOf(parameter.documentation);
    if (documentation) sections.push(prose(`\`${parameter.name}\`: ${documentation}`));
    sections.push(...optionLines(optionsOf(view, parameter.name, help.argumentIndex)));
  }
  sections.push(prose(textOf(item.documentation)), ...tagLines(item.tags, Boolean(parameter)));
  if (more > 0) sections.push(prose(`and ${more} more ${more === 1 ? 'overload' : 'overloads'}`));
  return sections;
}

/** Without what TypeScript says of the way by which a name came here. */
const withoutAlias = (shown) => shown.replace(/^\(alias\) /, '').replace(/\nexport \S+$/, '');

function hoverSections(info, view) {
  const shown = withoutAlias(textOf(info.displayParts));
  if (shown === 'any') return []; // a name that is nowhere
  return [
    code(shown),
    prose(textOf(info.documentation)),
    ...tagLines(info.tags),
    ...optionLines(optionsOf(view)),
  ];
}

const inMarkdown = (section) =>
  section.code === undefined ? section.prose : `\`\`\`ts\n${section.code}\n\`\`\``;
const inText = (section) => section.code ?? section.prose.replace(/\*\*(.+?)\*\*/g, '$1:');

/** List items follow each other, everything else stands alone. */
function joined(sections, render) {
  return sections
    .map(render)
    .filter(Boolean)
    .reduce((text, part) => {
      if (!text) return part;
      const isList = part.startsWith('- ') && text.split('\n').at(-1).startsWith('- ');
      return `${text}${isList ? '\n' : '\n\n'}${part}`;
    }, '');
}

/** @returns data by MIME type for a position in a cell, or null */
function inspect(cells, text, position) {
  const { program, source, file } = cells.open(text);
  const view = { checker: program.getTypeChecker(), source, position };
  const help = cells.service.getSignatureHelpItems(file, position, undefined);
  const info = cells.service.getQuickInfoAtPosition(file, position);
  const sections = [
    ...(help ? signatureSections(help, view) : []),
    ...(info ? hoverSections(info, help ? null : view) : []),
  ];
  if (sections.length === 0) return null;
  return { 'text/plain': joined(sections, inText), 'text/markdown': joined(sections, inMarkdown) };
}

module.exports = { inspect };
