// Checks an answer against its JSON schema: the keywords that describe data. Others are named, not ignored.

const MOST_ERRORS = 20;
const MOST_DEPTH = 64;
/** Keywords without an effect on validity. */
const NOTES = new Set(["title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs",
  "definitions", "format", "deprecated", "readOnly", "writeOnly", "contentMediaType", "contentEncoding"]);

/** @returns {{errors: string[], unchecked: string[]}} what is wrong, and keywords that were not checked */
export function validate(schema, value) {
  const run = {root: schema, errors: [], unchecked: new Set()};
  check(run, schema, value, "answer", 0);
  return {errors: run.errors.slice(0, MOST_ERRORS), unchecked: [...run.unchecked]};
}

function typeOf(value) {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function hasType(value, type) {
  return type === "integer" ? Number.isInteger(value) : typeOf(value) === type;
}

/** Equality of JSON: the order of keys has no meaning. */
export function same(a, b) {
  if (typeOf(a) !== typeOf(b) || a === null || typeof a !== "object") {
    return a === b;
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && same(a[key], b[key]));
}

function check(run, schema, value, at, depth) {
  if (schema === true || run.errors.length >= MOST_ERRORS) {
    return;
  }
  if (schema === false) {
    run.errors.push(`${at} is not allowed`);
    return;
  }
  if (depth > MOST_DEPTH || typeof schema !== "object" || schema === null) {
    run.unchecked.add(depth > MOST_DEPTH ? "deep nesting" : "a schema that is no object");
    return;
  }
  for (const [keyword, wanted] of Object.entries(schema)) {
    if (Object.hasOwn(RULES, keyword)) {
      RULES[keyword](run, wanted, value, at, depth, schema);
    } else if (!NOTES.has(keyword)) {
      run.unchecked.add(keyword);
    }
  }
}

/** Whether a value matches a schema of its own. */
function matches(run, schema, value, depth) {
  const inner = {root: run.root, errors: [], unchecked: run.unchecked};
  check(inner, schema, value, "value", depth + 1);
  return inner.errors.length === 0;
}

function require(run, isRight, message) {
  if (!isRight) {
    run.errors.push(message);
  }
}

const isNumber = value => typeof value === "number";
const isText = value => typeof value === "string";
const isObject = value => typeOf(value) === "object";
const length = value => [...value].length;

const RULES = {
  type(run, wanted, value, at) {
    const types = [wanted].flat();
    require(run, types.some(type => hasType(value, type)), `${at} is ${typeOf(value)}, expected ${types.join(" or ")}`);
  },
  enum(run, wanted, value, at) {
    require(run, wanted.some(one => same(one, value)), `${at} is none of ${JSON.stringify(wanted)}`);
  },
  const(run, wanted, value, at) {
    require(run, same(wanted, value), `${at} is not ${JSON.stringify(wanted)}`);
  },
  required(run, wanted, value, at) {
    for (const key of isObject(value) ? wanted : []) {
      require(run, Object.hasOwn(value, key), `${at}.${key} is missing`);
    }
  },
  properties(run, wanted, value, at, depth) {
    for (const [key, schema] of isObject(value) ? Object.entries(wanted) : []) {
      if (Object.hasOwn(value, key)) {
        check(run, schema, value[key], `${at}.${key}`, depth + 1);
      }
    }
  },
  additionalProperties(run, wanted, value, at, depth, schema) {
    if (schema.patternProperties) {
      run.unchecked.add("additionalProperties beside patternProperties");
      return;
    }
    for (const key of isObject(value) ? Object.keys(value) : []) {
      if (!Object.hasOwn(schema.properties ?? {}, key)) {
        check(run, wanted, value[key], `${at}.${key}`, depth + 1);
      }
    }
  },
  items(run, wanted, value, at, depth, schema) {
    if (Array.isArray(value) && !Array.isArray(wanted)) {
      const first = schema.prefixItems?.length ?? 0;
      value.slice(first).forEach((one, i) => check(run, wanted, one, `${at}[${first + i}]`, depth + 1));
    }
  },
  prefixItems(run, wanted, value, at, depth) {
    if (Array.isArray(value)) {
      wanted.slice(0, value.length).forEach((schema, i) => check(run, schema, value[i], `${at}[${i}]`, depth + 1));
    }
  },
  minItems: (run, n, v, at) => require(run, !Array.isArray(v) || v.length >= n, `${at} has fewer than ${n} items`),
  maxItems: (run, n, v, at) => require(run, !Array.isArray(v) || v.length <= n, `${at} has more than ${n} items`),
  minLength: (run, n, v, at) => require(run, !isText(v) || length(v) >= n, `${at} is shorter than ${n}`),
  maxLength: (run, n, v, at) => require(run, !isText(v) || length(v) <= n, `${at} is longer than ${n}`),
  minimum: (run, n, v, at) => require(run, !isNumber(v) || v >= n, `${at} is less than ${n}`),
  maximum: (run, n, v, at) => require(run, !isNumber(v) || v <= n, `${at} is more than ${n}`),
  exclusiveMinimum: (run, n, v, at) => require(run, !isNumber(v) || v > n, `${at} is not more than ${n}`),
  exclusiveMaximum: (run, n, v, at) => require(run, !isNumber(v) || v < n, `${at} is not less than ${n}`),
  multipleOf: (run, n, v, at) => require(run, !isNumber(v) || Number.isInteger(v / n), `${at} is no multiple of ${n}`),
  minProperties: (run, n, v, at) =>
    require(run, !isObject(v) || Object.keys(v).length >= n, `${at} has fewer than ${n} properties`),
  maxProperties: (run, n, v, at) =>
    require(run, !isObject(v) || Object.keys(v).length <= n, `${at} has more than ${n} properties`),
  uniqueItems(run, wanted, value, at) {
    require(run, !wanted || !Array.isArray(value) || value.every((a, i) => !value.slice(0, i).some(b => same(a, b))),
      `${at} has equal items`);
  },
  pattern(run, wanted, value, at) {
    if (isText(value)) {
      try {
        require(run, new RegExp(wanted, "u").test(value), `${at} does not match ${wanted}`);
      } catch {
        run.unchecked.add(`pattern ${wanted}`);
      }
    }
  },
  allOf(run, wanted, value, at, depth) {
    wanted.forEach(schema => check(run, schema, value, at, depth + 1));
  },
  anyOf(run, wanted, value, at, depth) {
    require(run, wanted.some(schema => matches(run, schema, value, depth)), `${at} matches none of anyOf`);
  },
  oneOf(run, wanted, value, at, depth) {
    const count = wanted.filter(schema => matches(run, schema, value, depth)).length;
    require(run, count === 1, `${at} matches ${count} of oneOf, expected 1`);
  },
  not(run, wanted, value, at, depth) {
    require(run, !matches(run, wanted, value, depth), `${at} matches what is excluded`);
  },
  $ref(run, wanted, value, at, depth) {
    let target = isText(wanted) && wanted.startsWith("#") ? run.root : undefined;
    for (const part of isText(wanted) ? wanted.slice(1).split("/").slice(1) : []) {
      const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      target = target !== null && typeof target === "object" && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    if (target === undefined) {
      run.unchecked.add(`$ref ${wanted}`);
    } else {
      check(run, target, value, at, depth + 1);
    }
  },
};
