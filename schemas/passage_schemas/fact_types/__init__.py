"""The types a fact may have, said once. Read `scalars` first: a row for each type that holds no other.

    forms        an annotation, taken apart: a scalar, symbols, a record, a list or a map of such
      scalars    what there is to say of each scalar: its schema, its values in Avro and in JSON, its words
        avro_values, json_values    the ways there and back

All that has to know what a field may be asks here: `derive`, `shape`, `straight`, the JSON formats, apps in YAML.
"""
