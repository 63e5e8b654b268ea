/// Values of templates as Python has them: text, numbers, lists, dicts, and their methods.
///
/// Begin with [Values] and [Operators].
///
/// Source: https://docs.python.org/3/library/stdtypes.html
package glia.jinja.value;
