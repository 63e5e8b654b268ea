package glia.reason.run;

import glia.engine.ModelPictures;
import glia.io.picture.Picture;
import glia.jinja.value.TextBuilder;
import glia.model.block.Input;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Turns prompts into tokens. Markers such as `<|im_end|>` in a prompt are plain text; in the text around it they are
/// markers.
///
/// @param template the chat template: the prompt is a message of the user; none for models that continue texts
/// @param system the system prompt of chats; empty for none
/// @param before what stands before a prompt
/// @param after what stands after it
/// @param instructions plain text at the beginning of each prompt, such as how to call tools
/// @param pictures how the model reads pictures, if it does
public record PromptEncoder(Tokenizer tokenizer, Optional<ChatTemplate> template, String system, String before,
        String after, String instructions, Optional<ModelPictures> pictures) {
    /// Prompts as they are: as messages of the user with a chat template, and as texts to be continued without one.
    public static PromptEncoder of(Tokenizer tokenizer, Optional<ChatTemplate> template) {
        return new PromptEncoder(tokenizer, template, "", "", "", "", Optional.empty());
    }

    /// The same with instructions at the beginning of each prompt.
    public PromptEncoder withInstructions(String text) {
        return new PromptEncoder(tokenizer, template, system, before, after, text, pictures);
    }

    /// The tokens of a prompt, after which the completion begins.
    public int[] encode(String prompt) {
        return encode(prompt, List.of()).ids();
    }

    /// The tokens of a prompt with pictures before it, which are read as `glia run --image` reads them.
    ///
    /// @throws IllegalArgumentException if the model reads no pictures, has no chat template that says where they
    ///     stand, or one of them cannot be used
    public Input encode(String prompt, List<Picture> seen) {
        if (template.isPresent() && !seen.isEmpty()) {
            RenderOptions by = options(RenderOptions.PROMPT);
            ModelPictures.Rendered text = reader().render(template.get(), messages(prompt, seen), by);
            return reader().input(tokenizer.encode(text.text(), false), 0, text.rows());
        }
        if (!seen.isEmpty()) {
            throw new IllegalArgumentException("the prompt has pictures, but the model has no chat template "
                    + "(chat_template.jinja), which says where they stand, or problems.chat is false");
        }
        return Input.of(tokens(prompt));
    }

    private ModelPictures reader() {
        return pictures.filter(ModelPictures::areRead).orElseThrow(() -> new IllegalArgumentException("the prompt has "
                + "pictures, but the model reads text alone"));
    }

    private int[] tokens(String prompt) {
        if (template.isEmpty()) {
            return tokenizer.encode(new TextBuilder().trusted(before).append(instructions + prompt).trusted(after)
                    .whole(), true);
        }
        return template.get().encode(messages(prompt, List.of()), options(RenderOptions.PROMPT), tokenizer);
    }

    private List<ChatMessage> messages(String prompt, List<Picture> seen) {
        List<ChatMessage> messages = new ArrayList<>();
        if (!system.isEmpty()) {
            messages.add(ChatMessage.system(system));
        }
        messages.add(ChatMessage.user(before + instructions + prompt + after).withPictures(seen));
        return messages;
    }

    /// The tokens of an observation that follows a turn of the model, which has ended by an end token: those that the
    /// chat template writes between the end of the turn and the beginning of the next one, with the observation as a
    /// message of the user. Without a template it is a line.
    ///
    /// @throws IllegalArgumentException if the template changes earlier turns, or writes no end token after them
    public int[] continuation(String observation) {
        if (template.isEmpty()) {
            return tokenizer.encodePlain("\n" + observation + "\n", false);
        }
        List<ChatMessage> messages = List.of(ChatMessage.user("?"), ChatMessage.assistant("!"),
                ChatMessage.user(observation));
        int[] all = template.get().encode(messages, options(RenderOptions.PROMPT), tokenizer);
        int[] turn = template.get().encode(messages.subList(0, 2), options(new RenderOptions(false, List.of(),
                Map.of())), tokenizer);
        int end = turn.length - 1;
        while (end >= 0 && !tokenizer.endOfGeneration().contains(turn[end])) {
            end--;
        }
        if (end < 0 || all.length <= end || Arrays.mismatch(turn, 0, end + 1, all, 0, end + 1) >= 0) {
            throw new IllegalArgumentException("the chat template cannot continue after a turn: expected an end token "
                    + "after a message of the assistant, and the same text before a further message");
        }
        return Arrays.copyOfRange(all, end + 1, all.length);
    }

    private RenderOptions options(RenderOptions base) {
        return base
                .withToken("bos_token", tokenizer.bos().isPresent() ? tokenizer.piece(tokenizer.bos().getAsInt()) : "")
                .withToken("eos_token", tokenizer.eos().isPresent() ? tokenizer.piece(tokenizer.eos().getAsInt()) : "");
    }
}
