/// Chat templates: messages to the text of a prompt.
///
/// Begin with [ChatTemplate].
package glia.text.template;
