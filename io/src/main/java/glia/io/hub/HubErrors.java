package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.net.http.HttpResponse;

/// Translates error responses of the hub into messages with advice.
///
/// `X-Error-Code` distinguishes causes of the same status; `X-Error-Message` is for people. Without a login the hub
/// answers 401 for models that do not exist, since that hides which private models exist.
final class HubErrors {
    private HubErrors() { }

    /// @param file the requested file, or an empty string for the model itself
    static HubException of(HttpResponse<?> response, HubSettings settings, HubName name, String file) {
        int status = response.statusCode();
        String code = response.headers().firstValue("X-Error-Code").orElse("");
        String said = response.headers().firstValue("X-Error-Message").map(FileNames::printable)
            .map(text -> " It says: " + text).orElse("");
        String answer = response.request().uri().getHost() + " answered " + status + " for "
            + (file.isEmpty() ? "" : file + " of ") + name.repository() + "@" + name.revision() + ".";
        return switch (status) {
            case 401, 403 -> new HubException(Kind.DENIED, answer + said + denied(settings, name, status, code));
            case 404 -> new HubException(Kind.NOT_FOUND, answer + said + notFound(settings, name, code));
            case 429 -> new HubException(Kind.RATE_LIMITED, answer + said + rateLimited(response, settings));
            default -> new HubException(Kind.SERVER, answer + said + (RetryPolicy.isTemporary(status)
                ? " It did so several times; try again later." : " Check HF_ENDPOINT, or a proxy on the way."));
        };
    }

    private static String denied(HubSettings settings, HubName name, int status, String code) {
        String page = settings.endpoint() + "/" + name.repository();
        String makeToken = "make a token with read access at " + settings.endpoint()
            + "/settings/tokens and set HF_TOKEN to it";
        if (code.equals("GatedRepo")) {
            return " The model is gated: open " + page + " in a browser, log in and request access; then "
                + (settings.token().isEmpty() ? makeToken + "."
                    : "use a token of that account (the one in use has no access; a fine-grained token also needs the "
                    + "right to read gated models).");
        }
        if (settings.token().isEmpty()) {
            return " It does not exist, or it is private or gated. Check the spelling at " + page + "; if it is there, "
                + makeToken + ".";
        }
        return status == 401 && !code.equals("RepoNotFound")
            ? " The token is not accepted: " + makeToken + ", or unset it for models that are open to all."
            : " It does not exist, or the account of this token may not read it: see " + page + ".";
    }

    private static String notFound(HubSettings settings, HubName name, String code) {
        String page = settings.endpoint() + "/" + name.repository();
        return switch (code) {
            case "RevisionNotFound" -> " There is no branch, tag or commit " + name.revision() + "; see " + page
                + "/branches.";
            case "EntryNotFound" -> " There is no such file; see " + page + "/tree/" + name.revision() + ".";
            default -> " Check the spelling at " + page + ", or HF_ENDPOINT where it is set.";
        };
    }

    private static String rateLimited(HttpResponse<?> response, HubSettings settings) {
        String wait = response.headers().firstValue("Retry-After").map(FileNames::printable)
            .map(text -> " It requests to wait " + text + " (seconds, or until then).").orElse("");
        return wait + " Try again later"
            + (settings.token().isEmpty() ? "; with HF_TOKEN set the hub allows more requests." : ".");
    }
}
