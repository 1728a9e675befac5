-- SPDX-License-Identifier: MIT
-- SQLAlchemy's `sqlalchemy.sql.expression`: another name of `lualchemy.sql`.
return require "lualchemy.sql"
