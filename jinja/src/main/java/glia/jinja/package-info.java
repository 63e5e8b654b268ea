/// The interpreter of chat templates: Jinja with the values of Python.
///
/// Begin with [JinjaTemplate] and [Interpreter].
///
/// Source: https://jinja.palletsprojects.com/en/stable/templates
package glia.jinja;
