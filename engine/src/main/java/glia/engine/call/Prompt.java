package glia.engine.call;

import glia.text.template.ChatMessage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a model continues.
public sealed interface Prompt {
    /// About as many characters as it has.
    long size();

    /// A conversation, rendered with the model's chat template.
    ///
    /// @param messages oldest first
    /// @param tools JSON schemas of functions, as templates read them
    /// @param variables further variables of the template
    /// @param continues whether the last message is the beginning of the answer
    record Conversation(List<ChatMessage> messages, List<Map<String, Object>> tools, Map<String, Object> variables,
            boolean continues) implements Prompt {
        /// Copies the arguments.
        public Conversation {
            messages = List.copyOf(messages);
            tools = List.copyOf(tools);
            variables = new LinkedHashMap<>(variables);
        }

        @Override
        public long size() {
            // A picture is decoded and resized.
            return messages.stream().mapToLong(message -> message.content().length() + message.pictures().stream()
                    .mapToLong(picture -> (long) picture.width() * picture.height()).sum()).sum();
        }
    }

    /// A text without a template, in which special tokens are recognized.
    record Text(String text) implements Prompt {
        @Override
        public long size() {
            return text.length();
        }
    }

    /// Tokens.
    record Tokens(int[] ids) implements Prompt {
        @Override
        public long size() {
            return 0;
        }
    }

    /// A conversation after the tokens of an earlier one.
    ///
    /// @param before the tokens of the turns before it
    record Continued(int[] before, Conversation next) implements Prompt {
        @Override
        public long size() {
            return next.size();
        }
    }
}
