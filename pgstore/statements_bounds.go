package pgstore

// aNumber selects the numbers of a document.
const aNumber = `'strict $.**{last} ? (exists(@.abs()))'`

// sizeOfDocument is how many bytes the document takes, unpacked and with its
// numbers written out; NULL if it is too large. A row of a few bytes may hold a
// text of gigabytes, so no text is written before its size is known. The width of
// a number is rounded up.
//
// Levels are looked at first, because looking for numbers takes stack for each;
// fewer bytes than 8 for each cannot have too many.
const sizeOfDocument = `
                 case
                   when pg_column_size(document) > {MaxStampBytes} then null
                   when pg_column_size(document) > 8 * {MaxStampDepth}
                   and  jsonb_path_exists(document, 'strict $.**{{MaxStampDepth}}') then null
                   when not jsonb_path_exists(document, ` + aNumber + `) then pg_column_size(document)
                   else (
                     select pg_column_size(document) + sum(number.width)::bigint
                     from   (
                              select scale(n.value::numeric) + (array[4, 16, 64, 256, {MaxNumber}, {MaxStampBytes}])[
                                       1 + width_bucket(abs(n.value::numeric), array[1e4, 1e16, 1e64, 1e256, 1e{MaxNumber}])
                                     ] as width
                              from   jsonb_array_elements(jsonb_path_query_array(document, ` + aNumber + `)) as n (value)
                            ) as number
                     having sum(number.width) <= 4 * {MaxStampBytes}
                   )
                 end`

// Between boundCredentials and boundedCredentials stand credentials with their
// address, and the place of each among those of its address. They come out with
// their texts and with the subjects of those that can count, as far as they are
// within the bounds of package store. What a row beyond them costs is a look at
// its size: kept is what it takes packed, size what it takes unpacked, and the
// totals are those up to the row.
//
// Control characters are longer in a text than unpacked: a text that is mostly
// those does not fit.
//
// Each reference to a large column unpacks it again, so OFFSET 0 has it unpacked
// once. What is small stays unpacked while the sizes are added up.
const (
	boundCredentials = `
    select c.address, c.id, c.provider, c.updated_at, c.kept_total, c.size_total,
           case when judged.fits then written.stamp end as stamp,
           case when judged.fits then written.subject end as subject,
           case
             when judged.fits then ''
             when c.kept <= {MaxStampBytes} and (
                    c.place > {MaxCredentials} or c.kept_total > {MaxWalletBytes} or c.size_total > {MaxWalletBytes}
                  ) then '{OmittedTooMany}'
             else '{OmittedTooLarge}'
           end as omitted
    from (
      select c.*, sum(c.size) over (partition by c.address order by c.place) as size_total
      from (
        select c.*, unpacked.size, unpacked.small
        from (
          select c.*, sum(c.kept) filter (where c.kept <= {MaxStampBytes}) over (partition by c.address order by c.place) as kept_total
          from (
            select c.*, pg_column_size(c.stamp) as kept
            from (`

	boundedCredentials = `
            ) as c
          ) as c
        ) as c
        cross  join lateral (
          select ` + sizeOfDocument + ` as size,
                 case when pg_column_size(document) <= 8192 then document end as small
          from   (
                   select case when c.kept <= {MaxStampBytes} and c.kept_total <= {MaxWalletBytes} and c.place <= {MaxCredentials}
                               then c.stamp #> '{}'
                          end as document
                   offset 0
                 ) as packed
          offset 0
        ) as unpacked
      ) as c
    ) as c
    cross  join lateral (
      select document::text as stamp,
             case when document #>> '{credentialSubject,provider}' = c.provider
                  and  lower(document #>> '{credentialSubject,id}' collate "C") = 'did:pkh:eip155:1:' || c.address
                  then document -> 'credentialSubject'
             end as subject
      from   (
               select case when c.size is not null and c.size_total <= {MaxWalletBytes} then coalesce(c.small, c.stamp #> '{}') end as document
               offset 0
             ) as packed
      offset 0
    ) as written
    cross  join lateral (
      select octet_length(written.stamp) <= least({MaxStampBytes}, 2 * c.size) as fits
    ) as judged`
)
