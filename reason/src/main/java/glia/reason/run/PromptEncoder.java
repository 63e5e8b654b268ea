package glia.reason.run;

import glia.jinja.value.TextBuilder;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Turns prompts into tokens. Markers such as `<|im_end|>` in a prompt are plain text; in the text around it they are
/// markers.
///
/// @param template the chat template: the prompt is a message of the user; none for models that continue texts
/// @param system the system prompt of chats; empty for none
/// @param before what stands before a prompt
/// @param after what stands after it
record PromptEncoder(Tokenizer tokenizer, Optional<ChatTemplate> template, String system, String before,
        String after) {
    /// The tokens of a prompt, after which the completion begins.
    int[] encode(String prompt) {
        if (template.isEmpty()) {
            return tokenizer.encode(new TextBuilder().trusted(before).append(prompt).trusted(after).whole(), true);
        }
        List<ChatMessage> messages = new ArrayList<>();
        if (!system.isEmpty()) {
            messages.add(ChatMessage.system(system));
        }
        messages.add(ChatMessage.user(before + prompt + after));
        return template.get().encode(messages, options(tokenizer), tokenizer);
    }

    private static RenderOptions options(Tokenizer tokenizer) {
        return RenderOptions.PROMPT
                .withToken("bos_token", tokenizer.bos().isPresent() ? tokenizer.piece(tokenizer.bos().getAsInt()) : "")
                .withToken("eos_token", tokenizer.eos().isPresent() ? tokenizer.piece(tokenizer.eos().getAsInt()) : "");
    }
}
